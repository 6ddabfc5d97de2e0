using RePaViT.Architectures;
using RePaViT.Data;
using RePaViT.Inference;

namespace RePaViT.Training;

/// <summary>Some of the tokens that enter each feed-forward layer of a deployed network when it sees training images.</summary>
internal static class FeedForwardSample
{
    private const int MaxImages = 256;
    private const int MaxRows = 4096;

    // 128 MiB: fewer images where their tokens are many or wide.
    private const int MaxValues = 1 << 25;

    /// <summary>
    /// Runs up to 256 images, drawn at random, and gives up to 4096 of their tokens for each layer, [rows, dim]. The
    /// same data and seed give the same rows on any number of threads.
    /// </summary>
    /// <param name="network">A deployed network that takes samples from 0 to 255.</param>
    /// <param name="dataset">The training images, at least one.</param>
    /// <param name="preprocessing">How they are cropped and resized.</param>
    /// <param name="seed">Names the random choice.</param>
    /// <param name="threads">Threads that share the work; null for one on every core.</param>
    public static IEnumerable<float[]> Take(
        Network network, IImageDataset dataset, ImagePreprocessing preprocessing, ulong seed, int? threads)
    {
        PatchEmbedding input = network.Layers.OfType<PatchEmbedding>().Single();
        TokenEmbedding tokens = network.Layers.OfType<TokenEmbedding>().Single();
        long valuesPerImage = (long)tokens.Tokens * tokens.Dim;
        int[] images = Draw(dataset.Count, (int)Math.Clamp(MaxValues / valuesPerImage, 1, MaxImages), seed, key: 0);
        int[] rows = Draw(images.Length * tokens.Tokens, MaxRows, seed, key: 1);
        float[] sample = new float[rows.Length * tokens.Dim];
        foreach (float[] all in FeedForwardTrace.Run(network, threads, images.Length, Prepare))
        {
            for (int i = 0; i < rows.Length; i++)
            {
                all.AsSpan(rows[i] * tokens.Dim, tokens.Dim).CopyTo(sample.AsSpan(i * tokens.Dim));
            }

            yield return sample;
        }

        void Prepare(int first, Memory<float> planes)
        {
            int length = input.Channels * input.ImageSize * input.ImageSize;
            ParallelLoop.Run(planes.Length / length, i => preprocessing.Prepare(
                dataset.GetImage(images[first + i]), input.ImageSize, planes.Span.Slice(i * length, length)));
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
