using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Training;

/// <summary>Some of the rows that enter layers of a network when it sees training images.</summary>
internal static class LayerSample
{
    private const int MaxImages = 256;
    private const int MaxRows = 4096;

    // 128 MiB: fewer images where their rows are many or wide.
    private const int MaxValues = 1 << 25;

    /// <summary>
    /// Runs up to 256 images, drawn at random, and gives up to 4096 of their rows for each layer, [rows, columns]. The
    /// same data and seed give the same rows on any number of threads.
    /// </summary>
    /// <param name="network">A network that takes samples from 0 to 255.</param>
    /// <param name="sampled">Whether a layer is one of those; not the first, and at least one.</param>
    /// <param name="dataset">The training images, at least one.</param>
    /// <param name="preprocessing">How they are cropped and resized.</param>
    /// <param name="seed">Seed of the random choice.</param>
    /// <param name="threads">Threads that share the work; null for one on every core.</param>
    public static IEnumerable<float[]> Take(
        Network network, Func<Layer, bool> sampled, IImageDataset dataset, ImagePreprocessing preprocessing, ulong seed, int? threads)
    {
        int imageSize = (int)Math.Sqrt(network.Layers[0].Input.Columns);
        long valuesPerImage = network.Layers.Where(sampled).Max(layer => layer.Input.Length);
        int[] images = Draw(dataset.Count, (int)Math.Clamp(MaxValues / valuesPerImage, 1, MaxImages), seed, key: 0);
        Shape drawnFor = default;
        int[] rows = [];
        float[] sample = [];
        foreach ((Shape tokens, float[] all) in LayerTrace.Run(network, sampled, threads, images.Length, Prepare))
        {
            if (tokens != drawnFor)
            {
                rows = Draw(images.Length * tokens.Rows, MaxRows, seed, key: 1);
                sample = new float[rows.Length * tokens.Columns];
                drawnFor = tokens;
            }

            for (int i = 0; i < rows.Length; i++)
            {
                all.AsSpan(rows[i] * tokens.Columns, tokens.Columns).CopyTo(sample.AsSpan(i * tokens.Columns));
            }

            yield return sample;
        }

        void Prepare(int first, Memory<float> planes)
        {
            int length = (int)network.Layers[0].Input.Length;
            ParallelLoop.Run(planes.Length / length, i => preprocessing.Prepare(
                dataset.GetImage(images[first + i]), imageSize, planes.Span.Slice(i * length, length)));
        }
    }

    /// <summary>Up to <paramref name="limit"/> of the numbers below <paramref name="count"/>, ascending.</summary>
    private static int[] Draw(int count, int limit, ulong seed, int key)
    {
        int[] drawn = new RandomStream(seed, RandomPurpose.Sample, key).NextPermutation(count)[..Math.Min(limit, count)];
        Array.Sort(drawn);
        return drawn;
    }
}
