using System.Buffers.Binary;
using System.Security.Cryptography;
using RePaViT.Data;
using RePaViT.Randomness;

namespace RePaViT;

/// <summary>Operations on data sets that training needs.</summary>
public static class ImageDatasetExtensions
{
    /// <summary>
    /// Divides a data set at random, class by class, so that both parts have the classes in the same proportions. The
    /// same seed gives the same parts. Images are not copied.
    /// </summary>
    /// <param name="dataset">The data set to divide.</param>
    /// <param name="fraction">
    /// The share of each class, in (0, 1), that the second part gets (rounded to whole images, one of which the first
    /// part keeps), for instance 0.1 to hold out a tenth for validation.
    /// </param>
    /// <param name="seed">Seed of the random choice.</param>
    /// <exception cref="ArgumentException">
    /// The fraction is outside (0, 1), a part would have no image, or a label is out of range.
    /// </exception>
    public static (IImageDataset First, IImageDataset Second) Split(this IImageDataset dataset, double fraction, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        (int[] first, int[] second) = dataset.SplitIndices(fraction, seed);
        return (new SubsetImageDataset(dataset, first), new SubsetImageDataset(dataset, second));
    }

    /// <summary>The indices of the images that <see cref="Split"/> puts into each part.</summary>
    internal static (int[] First, int[] Second) SplitIndices(this IImageDataset dataset, double fraction, ulong seed)
    {
        if (!(fraction is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "A share in (0, 1) is needed.");
        }

        int[] wanted = [.. CountLabels(dataset).Select(count => CountSecondPart(count, fraction))];
        var first = new List<int>();
        var second = new List<int>();
        foreach (int index in new RandomStream(seed, RandomPurpose.Split).NextPermutation(dataset.Count))
        {
            bool toSecond = wanted[dataset.GetLabel(index)]-- > 0;
            (toSecond ? second : first).Add(index);
        }

        if (first.Count == 0 || second.Count == 0)
        {
            throw new ArgumentException(
                $"A share of {fraction} of {dataset.Count} images leaves one part empty.", nameof(fraction));
        }

        // Ascending order reads files and memory front to back; training shuffles anyway.
        first.Sort();
        second.Sort();
        return ([.. first], [.. second]);
    }

    /// <summary>
    /// Mean and standard deviation of every color channel over all pixels of all images, 1 being full intensity: what
    /// <see cref="ImagePreprocessing"/> normalizes with. The deviation is
    /// at least 1/255, one step of an 8-bit sample, so that it can be divided by.
    /// </summary>
    /// <param name="dataset">The training images.</param>
    /// <exception cref="ArgumentException">There is no image.</exception>
    public static (Rgb Mean, Rgb StandardDeviation) MeasureChannels(this IImageDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ThrowIfEmpty(dataset);

        // Whole numbers, so the sums are exact.
        Span<long> sums = stackalloc long[3];
        Span<long> squares = stackalloc long[3];
        long pixels = 0;
        for (int index = 0; index < dataset.Count; index++)
        {
            ReadOnlySpan<byte> samples = dataset.GetImage(index).Pixels.Span;
            pixels += samples.Length / 3;
            for (int i = 0; i < samples.Length; i += 3)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    int value = samples[i + channel];
                    sums[channel] += value;
                    squares[channel] += value * value;
                }
            }
        }

        Span<float> means = stackalloc float[3];
        Span<float> deviations = stackalloc float[3];
        for (int channel = 0; channel < 3; channel++)
        {
            double mean = (double)sums[channel] / pixels;
            double variance = (double)squares[channel] / pixels - mean * mean;
            means[channel] = (float)(mean / 255);
            deviations[channel] = (float)(Math.Sqrt(Math.Max(variance, 1)) / 255);
        }

        return (new Rgb(means[0], means[1], means[2]), new Rgb(deviations[0], deviations[1], deviations[2]));
    }

    /// <summary>How many of a class's images <see cref="Split"/> puts into the second part.</summary>
    internal static int CountSecondPart(int count, double fraction)
        => Math.Min((int)Math.Round(fraction * count), Math.Max(count - 1, 0));

    /// <summary>Counts the images of every class.</summary>
    /// <exception cref="ArgumentException">There is no image, or a label is out of range.</exception>
    internal static int[] CountLabels(this IImageDataset dataset)
    {
        ThrowIfEmpty(dataset);
        int[] counts = new int[dataset.ClassNames.Count];
        for (int index = 0; index < dataset.Count; index++)
        {
            int label = dataset.GetLabel(index);
            if ((uint)label >= (uint)counts.Length)
            {
                throw new ArgumentException(
                    $"Image {index} has label {label}, but the data set has {counts.Length} classes.", nameof(dataset));
            }

            counts[label]++;
        }

        return counts;
    }

    /// <summary>A hash (SHA-256) of the labels in their order and, if the data set knows them, of the pixels.</summary>
    internal static string HashContent(this IImageDataset dataset)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hashed = dataset as IHashedImages;
        Span<byte> image = stackalloc byte[sizeof(int) + sizeof(ulong)];
        for (int index = 0; index < dataset.Count; index++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(image, dataset.GetLabel(index));
            BinaryPrimitives.WriteUInt64LittleEndian(image[sizeof(int)..], hashed?.GetHash(index) ?? 0);
            hash.AppendData(image);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void ThrowIfEmpty(IImageDataset dataset)
    {
        if (dataset.Count < 1)
        {
            throw new ArgumentException("The data set has no images.", nameof(dataset));
        }
    }
}
