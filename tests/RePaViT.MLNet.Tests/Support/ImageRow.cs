using Microsoft.ML.Data;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>A row of generated data: the bytes of a PNG file, a label and something to pass through.</summary>
internal sealed class ImageRow
{
    public byte[] Image { get; set; } = [];

    public string Label { get; set; } = "";

    public int Number { get; set; }

    /// <summary>The name of the file that <see cref="WriteFiles"/> writes.</summary>
    public string Path => $"{Number}.png";

    /// <summary>Random images of different sizes; row i has class i modulo the number of classes.</summary>
    public static ImageRow[] Create(int count, params string[] classes) =>
    [
        .. Enumerable.Range(0, count).Select(i => new ImageRow
        {
            Image = Png(TestImages.Random(14 + i % 5, 12 + i % 3, i)),
            Label = classes[i % classes.Length],
            Number = i,
        }),
    ];

    /// <summary>Writes the images into a folder, for LoadImages.</summary>
    public static void WriteFiles(IEnumerable<ImageRow> rows, TemporaryFolder folder)
    {
        foreach (ImageRow row in rows)
        {
            File.WriteAllBytes(folder.File(row.Path), row.Image);
        }
    }

    /// <summary>The bytes of an image file.</summary>
    public static byte[] Png(RgbImage image)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("image.png");
        using (MLImage decoded = ToMLImage(image))
        {
            decoded.Save(path);
        }

        return File.ReadAllBytes(path);
    }

    public static MLImage ToMLImage(RgbImage image)
    {
        ReadOnlySpan<byte> source = image.Pixels.Span;
        byte[] pixels = new byte[4 * image.Width * image.Height];
        for (int from = 0, to = 0; from < source.Length; from += 3, to += 4)
        {
            source.Slice(from, 3).CopyTo(pixels.AsSpan(to));
            pixels[to + 3] = byte.MaxValue;
        }

        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, pixels);
    }
}
