using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.Tool.Tests;

/// <summary>Image files in folders, one for each class: red ones and blue ones.</summary>
internal static class Photos
{
    public static string Write(TemporaryFolder folder, int perClass = 8)
    {
        string photos = folder.File("photos");
        for (int i = 0; i < 2 * perClass; i++)
        {
            bool isRed = i % 2 == 0;
            string label = Directory.CreateDirectory(Path.Combine(photos, isRed ? "red" : "blue")).FullName;
            RgbImage image = TestImages.Create(16, 16, (x, y, channel) => channel == (isRed ? 0 : 2) ? 200 + i : x + y);
            File.WriteAllBytes(Path.Combine(label, $"{i}.png"), ImageRow.Png(image));
        }

        return photos;
    }

    /// <summary>A vanilla model of these classes, in a file.</summary>
    /// <param name="folder">Where to put the file.</param>
    /// <param name="projectionDim">Numbers of its embedding; null for none.</param>
    public static string WriteVanilla(TemporaryFolder folder, int? projectionDim = null)
    {
        var architecture = new ViTArchitecture
        {
            ImageSize = 16, PatchSize = 8, Dim = 32, Depth = 2, Heads = 1, Classes = 2, IdleRatio = null, ProjectionDim = projectionDim,
        };
        InMemoryImageDataset images = TestImages.Dataset(8, 16, 2);
        string path = folder.File("vanilla.onnx");
        new Trainer(architecture, new TrainingRecipe { Epochs = 1, BatchSize = 4 }).Fit(images).Model.Save(path);
        return path;
    }
}
