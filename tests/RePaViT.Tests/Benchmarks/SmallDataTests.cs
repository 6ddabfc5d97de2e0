using RePaViT.Benchmarks;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class SmallDataTests
{
    [TestMethod]
    public void The_defaults_learn_three_classes_from_120_drawn_images()
    {
        SmallDataTask task = SmallDataCommand.Shapes(size: 16);
        task = task with { Network = task.Network with { Dim = 24, Depth = 1 } };
        SmallDataReport report = SmallDataCommand.Run(task, images: 120, new TrainingRecipe(), seeds: 1, longer: false, threads: 2);
        Assert.IsTrue(report.Accuracy >= 0.6, $"{report}");
    }
}
