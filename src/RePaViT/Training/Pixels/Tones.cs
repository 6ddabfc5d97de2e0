using System.Numerics.Tensors;

namespace RePaViT.Training.Pixels;

/// <summary>
/// Operations that give every sample a new value by its old one alone, through a table. Each equals Pillow's of that name
/// to the bit (ImageOps; ImageEnhance for brightness and contrast).
/// </summary>
internal static class Tones
{
    private const int Levels = 256;

    public static void Invert(PixelImage image) => Solarize(image, threshold: 0);

    /// <summary>Inverts the samples from a threshold on, 0 to 256.</summary>
    public static void Solarize(PixelImage image, int threshold)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int level = 0; level < Levels; level++)
        {
            table[level] = (byte)(level < threshold ? level : 255 - level);
        }

        Map(image, table);
    }

    /// <summary>Adds to the samples of the darker half.</summary>
    public static void SolarizeAdd(PixelImage image, int addend)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int level = 0; level < Levels; level++)
        {
            table[level] = (byte)(level < Levels / 2 ? Math.Min(255, level + addend) : level);
        }

        Map(image, table);
    }

    /// <summary>Keeps the highest bits of every sample, 0 to 8 of them.</summary>
    public static void Posterize(PixelImage image, int bits)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int level = 0; level < Levels; level++)
        {
            table[level] = (byte)(level & (0xFF00 >> bits));
        }

        Map(image, table);
    }

    /// <summary>Away from black: 0 gives a black image, 1 the same one.</summary>
    public static void Brightness(PixelImage image, double factor) => BlendWith(image, 0, factor);

    /// <summary>Away from the mean gray: 0 gives a gray image, 1 the same one.</summary>
    public static void Contrast(PixelImage image, double factor)
    {
        ReadOnlySpan<byte> samples = image.Samples;
        long sum = 0;
        for (int i = 0; i < samples.Length; i += 3)
        {
            sum += Enhancement.Luma(samples[i], samples[i + 1], samples[i + 2]);
        }

        BlendWith(image, (byte)((double)sum / (samples.Length / 3) + 0.5), factor);
    }

    /// <summary>Stretches each channel so that its darkest sample becomes 0 and its lightest 255.</summary>
    public static void AutoContrast(PixelImage image) => MapChannels(image, static (histogram, table) =>
    {
        int darkest = histogram.IndexOfAnyExcept(0);
        int lightest = histogram.LastIndexOfAnyExcept(0);
        double scale = lightest > darkest ? 255.0 / (lightest - darkest) : 1;
        double offset = lightest > darkest ? -darkest * scale : 0;
        for (int level = 0; level < Levels; level++)
        {
            table[level] = (byte)Math.Clamp((int)(level * scale + offset), 0, 255);
        }
    });

    /// <summary>Spreads the samples of each channel so that every level occurs about as often.</summary>
    public static void Equalize(PixelImage image) => MapChannels(image, static (histogram, table) =>
    {
        int lightest = histogram[histogram.LastIndexOfAnyExcept(0)];
        int step = (TensorPrimitives.Sum(histogram) - lightest) / 255;
        int below = step / 2;
        for (int level = 0; level < Levels; level++)
        {
            table[level] = (byte)(step == 0 ? level : Math.Min(255, below / step));
            below += histogram[level];
        }
    });

    private static void BlendWith(PixelImage image, byte level, double factor)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int i = 0; i < Levels; i++)
        {
            table[i] = Enhancement.Blend(level, (byte)i, (float)factor);
        }

        Map(image, table);
    }

    private static void Map(PixelImage image, ReadOnlySpan<byte> table)
    {
        foreach (ref byte sample in image.Samples)
        {
            sample = table[sample];
        }
    }

    /// <summary>Gives each channel a table of its own, made from how often each level occurs there.</summary>
    private static void MapChannels(PixelImage image, Action<ReadOnlySpan<int>, Span<byte>> makeTable)
    {
        Span<byte> samples = image.Samples;
        Span<int> histograms = stackalloc int[3 * Levels];
        histograms.Clear();
        for (int i = 0; i < samples.Length; i += 3)
        {
            histograms[samples[i]]++;
            histograms[Levels + samples[i + 1]]++;
            histograms[2 * Levels + samples[i + 2]]++;
        }

        Span<byte> tables = stackalloc byte[3 * Levels];
        for (int start = 0; start < tables.Length; start += Levels)
        {
            makeTable(histograms.Slice(start, Levels), tables.Slice(start, Levels));
        }

        for (int i = 0; i < samples.Length; i += 3)
        {
            samples[i] = tables[samples[i]];
            samples[i + 1] = tables[Levels + samples[i + 1]];
            samples[i + 2] = tables[2 * Levels + samples[i + 2]];
        }
    }
}
