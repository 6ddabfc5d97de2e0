using RePaViT.Benchmarks;
using RePaViT.QuickStart;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class ConvertTests
{
    [TestMethod]
    public void Networks_are_kept_for_later_runs()
    {
        using var folder = new TemporaryFolder();
        var task = new ConversionTask("shapes", ShapesDataset.Create(60, 16, 0, 3), ShapesDataset.Create(30, 16, 1, 3));
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 1, Heads = 2, Classes = 3, IdleRatio = 0.5 };
        var recipe = new TrainingRecipe { Epochs = 1, BatchSize = 16, WarmupEpochs = 0 };

        ConvertReport first = ConversionComparison.Run(task, architecture, recipe, images: 50, folder.Path, seconds: 0.01);
        ConvertReport second = ConversionComparison.Run(task, architecture, recipe, images: 50, folder.Path, seconds: 0.01);

        Assert.HasCount(2, folder.FileNames.ToArray());
        Assert.IsNotNull(first.Trained.Seconds);
        Assert.IsNull(second.Trained.Seconds);
        Assert.AreEqual(1.0, second.Vanilla.Agreement);
        Assert.AreEqual(first.Converted.Accuracy, second.Converted.Accuracy);
        Assert.IsTrue(second.Converted.Agreement >= 0.9, $"{second.Converted}");
    }
}
