using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using RePaViT.Randomness;
using RePaViT.Threading;
using RePaViT.Training;

namespace RePaViT.Transfer;

/// <summary>Sends images through a network, each once as it is and further times changed at random.</summary>
/// <param name="model">The network, in the form and on the device that are to compute.</param>
/// <param name="augmentation">How images are changed.</param>
/// <param name="seed">What the changes are drawn from, with what the image shows: not with its place.</param>
/// <param name="store">Keeps what is computed.</param>
internal sealed class FeatureComputation(RePaViTModel model, AugmentationOptions augmentation, ulong seed, FeatureStore store)
{
    private const int HashLength = 16;

    private readonly FeatureExtractor _extractor = model.CreateExtractor();

    /// <summary>The features of a data set.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="views">Rows of each image, at least 1.</param>
    /// <param name="progress">Called with the number of images that are done.</param>
    /// <param name="cancellationToken">Stops it after the batch in progress; what was computed is kept.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ArgumentException">The network gives a number that is not finite.</exception>
    public FeatureSet Run(IImageDataset dataset, int views, Action<int> progress, CancellationToken cancellationToken)
    {
        float[][] features = new float[dataset.Count][];
        int atOnce = Math.Max(_extractor.ImagesPerBatch / views, 1);
        try
        {
            for (int first = 0; first < dataset.Count; first += atOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Compute(dataset, first, features.AsSpan(first, Math.Min(atOnce, dataset.Count - first)), views);
                progress(Math.Min(first + atOnce, dataset.Count));
                store.WriteIfDue();
            }
        }
        finally
        {
            store.TryWrite();
        }

        return new FeatureSet(
            _extractor.Columns, dataset.ClassNames.Count, features, [.. Enumerable.Range(0, dataset.Count).Select(dataset.GetLabel)]);
    }

    private void Compute(IImageDataset dataset, int first, Span<float[]> features, int views)
    {
        var images = new RgbImage[features.Length];
        var hashes = new byte[features.Length][];
        ParallelLoop.Run(images.Length, i =>
        {
            images[i] = dataset.GetImage(first + i);
            hashes[i] = Hash(images[i]);
        });
        var missing = new List<int>();
        for (int i = 0; i < features.Length; i++)
        {
            if (store.TryGet(NameOf(hashes[i], views), views, out float[]? known))
            {
                features[i] = known;
            }
            else
            {
                missing.Add(i);
            }
        }

        if (missing.Count == 0)
        {
            return;
        }

        int size = model.Architecture.ImageSize;
        int length = 3 * size * size;
        float[] pixels = new float[missing.Count * views * length];
        ParallelLoop.Run(missing.Count * views, i =>
        {
            (int place, int view) = Math.DivRem(i, views);
            Show(images[missing[place]], hashes[missing[place]], view, size, pixels.AsSpan(i * length, length));
        });
        float[] rows = new float[missing.Count * views * _extractor.Columns];
        _extractor.Compute(pixels, rows);
        int rowsLength = views * _extractor.Columns;
        for (int i = 0; i < missing.Count; i++)
        {
            float[] row = rows.AsSpan(i * rowsLength, rowsLength).ToArray();
            if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(row)))
            {
                throw new ArgumentException($"The model's features of image {first + missing[i]} are not finite: the image cannot be "
                    + "learned from.", nameof(dataset));
            }

            features[missing[i]] = row;
            store.Add(NameOf(hashes[missing[i]], views), row);
        }
    }

    /// <summary>The first view is the image as the model will see it; all others are changed.</summary>
    private void Show(RgbImage image, byte[] hash, int view, int size, Span<float> pixels)
    {
        if (view == 0)
        {
            model.Preprocessing.Prepare(image, size, pixels);
            return;
        }

        var random = new RandomStream(seed, RandomPurpose.Augmentation, view, BinaryPrimitives.ReadInt64LittleEndian(hash));
        float[] normalized = new float[pixels.Length];
        Augmentation.Apply(image, model.Preprocessing, augmentation, random, size, normalized, pixels);
    }

    private static string NameOf(byte[] hash, int views) => $"{Convert.ToHexStringLower(hash)}.{views}";

    private static byte[] Hash(RgbImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> sides = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(sides, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(sides[sizeof(int)..], image.Height);
        hash.AppendData(sides);
        hash.AppendData(image.Pixels.Span);
        return hash.GetHashAndReset()[..HashLength];
    }
}
