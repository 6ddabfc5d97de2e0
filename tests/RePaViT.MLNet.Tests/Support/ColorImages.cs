using Microsoft.ML.Data;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>A row of a data set of image files.</summary>
internal sealed class ColorRow
{
    public string ImagePath { get; set; } = "";

    public string Label { get; set; } = "";

    public float Number { get; set; }
}

/// <summary>Image files of various sizes whose class is a color, which is learned in a few steps.</summary>
internal static class ColorImages
{
    public static readonly string[] Classes = ["red", "green", "blue"];

    /// <summary>Writes files; the classes take turns.</summary>
    public static ColorRow[] Write(string folder, int count, int classes = 3)
    {
        var rows = new ColorRow[count];
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(folder, $"{i:D3}.png");
            using MLImage image = Create(i % classes, 18 + i % 7, 17 + i % 5, seed: i);
            image.Save(path);
            rows[i] = new ColorRow { ImagePath = path, Label = Classes[i % classes], Number = i };
        }

        return rows;
    }

    /// <summary>An image in which one channel is brighter than the others.</summary>
    public static MLImage Create(int color, int width, int height, int seed)
    {
        var random = new Random(seed);
        return ImageRow.ToMLImage(
            TestImages.Create(width, height, (_, _, channel) => random.Next(100) + (channel == color ? 150 : 0)));
    }
}
