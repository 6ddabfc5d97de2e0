using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace RePaViT.MLNet.Benchmarks;

/// <summary>An image and what it shows, as ML.NET's transforms take them.</summary>
internal sealed class ImageRow
{
    /// <summary>Width and height of an image.</summary>
    public const int Size = 32;

    [ImageType(Size, Size)]
    public required MLImage Image { get; init; }

    public required string Label { get; init; }

    /// <summary>All images of a data set, made anew whenever they are read.</summary>
    /// <param name="images">The images.</param>
    /// <param name="label">The label of all of them; null for their own.</param>
    public static IEnumerable<ImageRow> Of(IImageDataset images, string? label = null) => Enumerable.Range(0, images.Count).Select(index => new ImageRow
    {
        Image = Convert(images.GetImage(index)),
        Label = label ?? images.ClassNames[images.GetLabel(index)],
    });

    /// <summary>Images of a folder with one folder for each class, in the order of their names.</summary>
    public static IReadOnlyList<ImageRow> Read(string folder) => [.. Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(path => new ImageRow { Image = MLImage.CreateFromFile(path), Label = Path.GetFileName(Path.GetDirectoryName(path)!) })];

    private static MLImage Convert(RgbImage image)
    {
        ReadOnlySpan<byte> colors = image.Pixels.Span;
        byte[] pixels = new byte[4 * image.Width * image.Height];
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            colors.Slice(3 * i, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[4 * i + 3] = byte.MaxValue;
        }

        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, pixels);
    }
}
