using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>Training of the last blocks alone.</summary>
[TestClass]
public sealed class LastBlocksTests
{
    /// <summary>Frozen layers as they are deployed and as they are trained, in floats, through two blocks; losses are about 1.</summary>
    private const double LossTolerance = 1e-4;

    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(24, seed: 1);

    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with { Epochs = 2, LearningRate = 1e-3 };

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void What_is_frozen_stays_to_the_byte_and_the_rest_learns(Architecture architecture)
    {
        NamedTensors start = RandomWeights.Network(architecture, seed: 3).Weights;
        foreach (int blocks in new[] { 0, 1, architecture.BlockCount })
        {
            var trainer = new Trainer(architecture, Recipe with { TrainedBlocks = blocks }) { InitialWeights = start };
            NamedTensors end = trainer.Fit(Images).Model.Weights;
            IReadOnlyList<Layers.Layer> layers = architecture.Layers(NetworkForm.Trained);
            foreach ((Layers.Layer layer, int distance) in layers.Zip(LayerRates.Distances(layers)))
            {
                foreach (string name in layer.Tensors.Select(tensor => tensor.Name))
                {
                    bool isSame = start[name].Data.SequenceEqual(end[name].Data);
                    Assert.AreEqual(distance > blocks, isSame, $"{blocks}: {name}");
                }
            }
        }
    }

    /// <summary>The loss of the first batch is that of the deployed network, up to the statistics of the batch in what learns.</summary>
    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void With_the_head_alone_a_step_sees_what_the_deployed_network_answers(Architecture architecture)
    {
        NamedTensors start = RandomWeights.Network(architecture, seed: 3).Weights;
        TrainingRecipe recipe = Recipe with
        {
            TrainedBlocks = 0, Epochs = 1, BatchSize = 24, GradientAccumulation = 1, LabelSmoothing = 0, Augmentation = AugmentationOptions.None,
        };
        TrainingResult result = new Trainer(architecture, recipe) { InitialWeights = start }.Fit(Images);
        double expected = new RePaViTModel(architecture, NetworkForm.Trained, start, Images.ClassNames).Evaluate(Images).Loss;
        Assert.IsTrue(
            Math.Abs(result.History[0].TrainingLoss - expected) <= LossTolerance * Math.Max(1, expected), $"{result.History[0]}, {expected}");
    }

    [TestMethod]
    public void A_resumed_run_ends_with_the_same_bytes_and_knows_what_was_frozen()
    {
        using var folder = new TemporaryFolder();
        NamedTensors start = RandomWeights.Network(TrainingRun.Architecture, seed: 3).Weights;
        TrainingRecipe recipe = Recipe with { TrainedBlocks = 1, LayerDecay = 0.7 };
        TrainingResult expected = new Trainer(TrainingRun.Architecture, recipe) { InitialWeights = start }.Fit(Images);

        using var cancellation = new CancellationTokenSource();
        var options = new TrainerOptions { CheckpointPath = folder.File("run.safetensors") };
        var cancelled = new Trainer(TrainingRun.Architecture, recipe, options) { InitialWeights = start };
        Assert.IsTrue(cancelled.Fit(Images, progress: new CancelAtOnce(cancellation), cancellationToken: cancellation.Token).IsCancelled);
        TrainingResult actual = new Trainer(TrainingRun.Architecture, recipe, options).Resume(Images);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), "resumed");

        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new Trainer(TrainingRun.Architecture, recipe with { TrainedBlocks = 2 }, options).Resume(Images)).Message,
            "trainedBlocks");
    }

    [TestMethod]
    public void What_no_network_can_freeze_is_refused()
    {
        AssertRefused(Recipe with { TrainedBlocks = 3 }, "TrainedBlocks 3");
        AssertRefused(Recipe with { TrainedBlocks = -1 }, "TrainedBlocks -1");
        AssertRefused(Recipe with { LayerDecay = 0 }, "LayerDecay 0");
        AssertRefused(Recipe with { LayerDecay = 1.1 }, "LayerDecay 1.1");
        AssertRefused(Recipe with { LayerDecay = double.NaN }, "LayerDecay NaN");

        static void AssertRefused(TrainingRecipe recipe, string reason) => StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new Trainer(TrainingRun.Architecture, recipe).Fit(Images)).Message, reason);
    }

    private sealed class CancelAtOnce(CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => cancellation.Cancel();
    }
}
