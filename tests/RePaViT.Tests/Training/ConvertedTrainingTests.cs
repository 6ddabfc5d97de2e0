using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>Runs whose network is vanilla until it is converted at the end.</summary>
[TestClass]
public sealed class ConvertedTrainingTests
{
    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with { Epochs = 2, ChannelIdleMethod = ChannelIdleMethod.Convert };

    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(24, seed: 3);

    [TestMethod]
    [DataRow(FeedForwardNorm.BatchNorm, FeedForwardNorm.LayerNorm)]
    [DataRow(FeedForwardNorm.LayerNorm, FeedForwardNorm.LayerNorm)]
    [DataRow(FeedForwardNorm.None, FeedForwardNorm.None)]
    public void The_vanilla_network_is_trained_and_converted(FeedForwardNorm wanted, FeedForwardNorm deployed)
    {
        Architecture architecture = TrainingRun.Architecture with { FeedForwardNorm = wanted };
        TrainingResult vanilla = new Trainer(TrainingRun.Architecture with { IdleRatio = null }, Recipe with { ChannelIdleMethod = default }).Fit(Images);

        TrainingResult result = new Trainer(architecture, Recipe).Fit(Images);

        Assert.IsNull(vanilla.Conversion);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(vanilla.Model.Weights), TrainingRun.Bytes(result.Model.Weights), "the vanilla network");
        RePaViTModel model = result.Deploy();
        Assert.AreSame(model, result.Conversion!.Model);
        Assert.AreEqual(NetworkForm.Deployed, model.Form);
        Assert.AreEqual(architecture with { FeedForwardNorm = deployed }, model.Architecture);
    }

    [TestMethod]
    public void A_resumed_run_converts_to_the_same()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainerOptions { CheckpointPath = folder.File("checkpoint.safetensors") };
        TrainingResult whole = new Trainer(TrainingRun.Architecture, Recipe).Fit(Images);
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAtFirstEpoch(cancellation);
        TrainingResult cancelled = new Trainer(TrainingRun.Architecture, Recipe, options).Fit(Images, progress: progress, cancellationToken: cancellation.Token);

        TrainingResult resumed = new Trainer(TrainingRun.Architecture, Recipe, options).Resume(Images);

        Assert.IsTrue(cancelled.IsCancelled);
        Assert.IsNotNull(cancelled.Conversion);
        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(whole.Deploy().Network.Weights), TrainingRun.Bytes(resumed.Deploy().Network.Weights), "the converted network");
    }

    [TestMethod]
    public void Training_goes_on_from_the_vanilla_network()
    {
        RePaViTModel vanilla = new Trainer(TrainingRun.Architecture, Recipe).Fit(Images).Model;

        TrainingResult result = new Trainer(TrainingRun.Architecture, Recipe) { InitialModel = vanilla }.Fit(Images);

        Assert.IsFalse(result.Deploy().Architecture.IsVanilla);
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(
            () => new Trainer(TrainingRun.Architecture, Recipe) { InitialModel = result.Deploy() }.Fit(Images));
        StringAssert.Contains(refusal.Message, "Training cannot go on from the initial model");
    }

    [TestMethod]
    public void What_cannot_be_converted_is_refused_before_training()
    {
        ArgumentException vanilla = Assert.ThrowsExactly<ArgumentException>(() => new Trainer(TrainingRun.Architecture with { IdleRatio = null }, Recipe));
        StringAssert.Contains(vanilla.Message, "ChannelIdleMethod Convert needs IdleRatio");
        ArgumentException few = Assert.ThrowsExactly<ArgumentException>(
            () => new Trainer(TrainingRun.Architecture, Recipe).Fit(TrainingRun.Dataset(4, seed: 1)));
        StringAssert.Contains(few.Message, "4 calibration images");
    }

    [TestMethod]
    public void Runs_that_do_not_convert_are_stored_as_before()
    {
        Assert.IsFalse(Stored(Recipe with { ChannelIdleMethod = ChannelIdleMethod.Train }).Contains("channelIdleMethod", StringComparison.Ordinal));
        StringAssert.Contains(Stored(Recipe), "\"channelIdleMethod\":\"convert\"", StringComparison.OrdinalIgnoreCase);

        static string Stored(TrainingRecipe recipe)
        {
            using var folder = new TemporaryFolder();
            string path = folder.File("checkpoint.safetensors");
            new Trainer(TrainingRun.Architecture, recipe with { Epochs = 1 }, new TrainerOptions { CheckpointPath = path }).Fit(Images);
            return RunJson.Stored.Write(Checkpoint.Read(path).Run);
        }
    }

    private sealed class CancelAtFirstEpoch(CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.FinishedEpoch is not null)
            {
                cancellation.Cancel();
            }
        }
    }
}
