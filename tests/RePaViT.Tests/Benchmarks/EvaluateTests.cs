using RePaViT.Benchmarks;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class EvaluateTests
{
    [TestMethod]
    public void Features_are_measured_in_the_ways_that_are_asked_for()
    {
        InMemoryImageDataset images = TrainingRun.Dataset(count: 30, seed: 1);
        var model = new RePaViTModel(
            TrainingRun.Architecture, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Architecture, seed: 1).Weights, images.ClassNames);

        EvaluateReport both = EvaluateCommand.Run(model, images, images, new NearestNeighborOptions { Neighbors = 1 }, isLinear: true);
        EvaluateReport none = EvaluateCommand.Run(model, images, images, neighbors: null, isLinear: false);

        Assert.AreEqual(30, both.LabeledImages);
        Assert.AreEqual(1, both.NearestNeighbors!.Accuracy);
        Assert.IsTrue(both.Linear!.Accuracy is > 1.0 / 3 and <= 1);
        Assert.IsTrue(none is { NearestNeighbors: null, Linear: null });
    }
}
