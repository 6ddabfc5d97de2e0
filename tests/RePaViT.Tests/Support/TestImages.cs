namespace RePaViT.Tests.Support;

internal static class TestImages
{
    public static RgbImage Constant(int width, int height, byte value)
        => new(width, height, Enumerable.Repeat(value, 3 * width * height).ToArray());

    public static RgbImage Random(int width, int height, int seed)
    {
        byte[] pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Every channel of pixel (x, y) is <paramref name="value"/>(x, y, channel).</summary>
    public static RgbImage Create(int width, int height, Func<int, int, int, int> value)
    {
        byte[] pixels = new byte[3 * width * height];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = checked((byte)value(i / 3 % width, i / 3 / width, i % 3));
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>Random images; image i has label i modulo classes.</summary>
    public static InMemoryImageDataset Dataset(int count, int size, int classes) => new(
        Enumerable.Range(0, count).Select(i => Random(size, size, i)),
        Enumerable.Range(0, count).Select(i => i % classes),
        Enumerable.Range(0, classes).Select(i => $"class {i}"));
}
