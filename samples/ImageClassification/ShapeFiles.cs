using Microsoft.ML.Data;
using RePaViT.QuickStart;

namespace RePaViT.ImageClassification;

/// <summary>Image files for those who have none at hand: generated shapes, one folder for each class.</summary>
internal static class ShapeFiles
{
    private const int Count = 4000;
    private const int Size = 32;

    public static void Write(string folder)
    {
        InMemoryImageDataset shapes = ShapesDataset.Create(Count, Size, seed: 1);
        foreach (string name in shapes.ClassNames)
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }

        Parallel.For(0, shapes.Count, index =>
        {
            string name = shapes.ClassNames[shapes.GetLabel(index)];
            using MLImage image = MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Rgba32, ToRgba(shapes.GetImage(index)));
            image.Save(Path.Combine(folder, name, $"{index:D4}.png"));
        });
    }

    private static byte[] ToRgba(RgbImage image)
    {
        ReadOnlySpan<byte> rgb = image.Pixels.Span;
        byte[] rgba = new byte[rgb.Length / 3 * 4];
        for (int i = 0; i < rgba.Length; i++)
        {
            rgba[i] = i % 4 == 3 ? byte.MaxValue : rgb[i / 4 * 3 + i % 4];
        }

        return rgba;
    }
}
