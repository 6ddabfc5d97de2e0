using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Engines;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class LearnTests
{
    [TestMethod]
    public void A_run_reports_what_it_arrived_at()
    {
        InMemoryImageDataset images = TrainingRun.Dataset(count: 64, seed: 1, classes: 2);
        var architecture = new ViTArchitecture { ImageSize = 4, PatchSize = 2, Dim = 12, Depth = 1, Heads = 3, Classes = 2, IdleRatio = 0.75 };

        LearnReport report = LearnCommand.Run(new ManagedEngine(), architecture, images, images, epochs: 2);

        Assert.AreEqual(2, report.Epochs);
        Assert.IsTrue(report.Loss > 0 && report.TrainingLoss > 0);
        Assert.IsTrue(report.Accuracy is >= 0 and <= 1);
    }
}
