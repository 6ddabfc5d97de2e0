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
        TrainingResult vanilla = new Trainer(TrainingRun.Architecture with { IdleRatio = null }, Recipe with { ChannelIdleMethod = ChannelIdleMethod.Train }).Fit(Images);

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
        var progress = new Reports(report =>
        {
            if (report.FinishedEpoch is not null)
            {
                cancellation.Cancel();
            }
        });
        TrainingResult cancelled = new Trainer(TrainingRun.Architecture, Recipe, options).Fit(Images, progress: progress, cancellationToken: cancellation.Token);

        TrainingResult resumed = new Trainer(TrainingRun.Architecture, Recipe, options).Resume(Images);

        Assert.IsTrue(cancelled.IsCancelled);
        Assert.IsNotNull(cancelled.Conversion);
        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(whole.Deploy().Network.Weights), TrainingRun.Bytes(resumed.Deploy().Network.Weights), "the converted network");
    }

    [TestMethod]
    public void A_disk_that_fails_the_conversion_does_not_cost_what_was_trained()
    {
        TrainingResult whole = new Trainer(TrainingRun.Architecture, Recipe).Fit(Images);
        bool fails = false;
        var images = new FailingImages(Images, () => fails);

        TrainingResult result = new Trainer(TrainingRun.Architecture, Recipe)
            .Fit(images, progress: new Reports(report => fails = report.FinishedEpoch is { Epoch: 2 }));

        Assert.IsNull(result.Conversion);
        Assert.IsFalse(result.IsCancelled);
        Assert.AreEqual("The disk failed.", result.ConversionFailure);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(whole.Model.Weights), TrainingRun.Bytes(result.Model.Weights), "the vanilla network");
    }

    [TestMethod]
    public void Training_goes_on_from_the_vanilla_network()
    {
        RePaViTModel vanilla = new Trainer(TrainingRun.Architecture, Recipe).Fit(Images).Model;

        TrainingResult result = new Trainer(TrainingRun.Architecture, Recipe) { InitialModel = vanilla }.Fit(Images);

        Assert.IsFalse(result.Deploy().Architecture.IsVanilla);
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(
            () => new Trainer(TrainingRun.Architecture, Recipe) { InitialModel = result.Deploy() }.Fit(Images));
        StringAssert.Contains(refusal.Message, "The initial model cannot be trained further");
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
    public void Without_a_word_from_random_weights_the_network_is_converted()
    {
        TrainingRecipe auto = Recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto };
        TrainingResult asked = new Trainer(TrainingRun.Architecture, Recipe).Fit(Images);

        TrainingResult chosen = new Trainer(TrainingRun.Architecture, auto).Fit(Images);

        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(asked.Deploy().Network.Weights), TrainingRun.Bytes(chosen.Deploy().Network.Weights), "the converted network");
        Assert.AreEqual(ChannelIdleMethod.Train, TrainingRecipe.Paper(TrainingRun.Architecture).ChannelIdleMethod);
    }

    [TestMethod]
    public void What_begins_channel_idle_or_is_not_to_become_so_is_trained()
    {
        TrainingRecipe auto = Recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto };
        ViTArchitecture idle = TrainingRun.Architecture;
        RePaViTModel model = new Trainer(idle, TrainingRun.Recipe with { Epochs = 1 }).Fit(Images).Model;
        RePaViTModel vanilla = new Trainer(idle, auto).Fit(Images).Model;

        Assert.IsNull(new Trainer(idle, auto) { InitialModel = model }.Fit(Images).Conversion);
        Assert.IsNull(new Trainer(idle, auto) { InitialModel = model.Reparameterize() }.Fit(Images).Conversion);
        Assert.IsNull(new Trainer(idle, auto) { InitialWeights = model.Weights }.Fit(Images).Conversion);
        Assert.IsNull(new Trainer(idle with { IdleRatio = null }, auto).Fit(Images).Conversion);
        Assert.IsNull(new Trainer(idle with { FeedForwardStructure = FeedForwardStructure.Merged }, auto).Fit(Images).Conversion);
        Assert.IsNull(new Trainer(idle, auto).Fit(TrainingRun.Dataset(4, seed: 1)).Conversion);
        Assert.IsNotNull(new Trainer(idle, auto) { InitialModel = vanilla }.Fit(Images).Conversion);
        Assert.IsNotNull(new Trainer(idle, auto) { InitialWeights = vanilla.Weights }.Fit(Images).Conversion);
    }

    [TestMethod]
    [DataRow(ChannelIdleMethod.Train)]
    [DataRow(ChannelIdleMethod.Convert)]
    public void Without_a_word_a_run_is_resumed_as_it_was_begun(ChannelIdleMethod begun)
    {
        using var folder = new TemporaryFolder();
        var options = new TrainerOptions { CheckpointPath = folder.File("checkpoint.safetensors") };
        TrainingResult whole = new Trainer(TrainingRun.Architecture, Recipe with { ChannelIdleMethod = begun }, options).Fit(Images);

        TrainingResult resumed = new Trainer(TrainingRun.Architecture, Recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto }, options).Resume(Images);

        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(whole.Deploy().Network.Weights), TrainingRun.Bytes(resumed.Deploy().Network.Weights), "the deployed network");
        ChannelIdleMethod other = begun == ChannelIdleMethod.Train ? ChannelIdleMethod.Convert : ChannelIdleMethod.Train;
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(
            () => new Trainer(TrainingRun.Architecture, Recipe with { ChannelIdleMethod = other }, options).Resume(Images));
        StringAssert.Contains(refusal.Message, "belongs to another run");
    }

    [TestMethod]
    public void Checkpoints_from_before_there_was_a_choice_are_trained_on()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("checkpoint.safetensors");
        TrainingRecipe recipe = Recipe with { ChannelIdleMethod = ChannelIdleMethod.Train };
        TrainingResult whole = new Trainer(TrainingRun.Architecture, recipe, new TrainerOptions { CheckpointPath = path }).Fit(Images);
        var checkpoint = Checkpoint.Read(path);
        RunDescription run = checkpoint.Run with { Recipe = checkpoint.Run.Recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto } };
        Assert.IsFalse(RunJson.Stored.Write(run).Contains("channelIdleMethod", StringComparison.Ordinal));
        new Checkpoint
        {
            Run = run,
            State = checkpoint.State,
            Engine = checkpoint.Engine,
            BestWeights = checkpoint.BestWeights,
            ComputedWith = checkpoint.ComputedWith,
        }.Write(path);

        TrainingResult resumed = new Trainer(TrainingRun.Architecture, recipe, new TrainerOptions { CheckpointPath = path }).Resume(Images);

        TrainingRun.AssertSameBytes(TrainingRun.Bytes(whole.Model.Weights), TrainingRun.Bytes(resumed.Model.Weights), "the weights");
    }

    [TestMethod]
    public void Every_block_of_the_conversion_is_reported_and_it_can_be_cancelled()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainerOptions { CheckpointPath = folder.File("checkpoint.safetensors") };
        var blocks = new List<int>();
        TrainingResult whole = new Trainer(TrainingRun.Architecture, Recipe).Fit(
            Images, progress: new Reports(report => blocks.AddRange(report.Conversion is null ? [] : [report.Conversion.Block])));
        using var cancellation = new CancellationTokenSource();
        var cancelling = new Reports(report =>
        {
            if (report.Conversion is not null)
            {
                Assert.AreEqual("Conversion: block 1/2", report.ToString());
                cancellation.Cancel();
            }
        });

        TrainingResult cancelled = new Trainer(TrainingRun.Architecture, Recipe, options).Fit(
            Images, progress: cancelling, cancellationToken: cancellation.Token);
        TrainingResult resumed = new Trainer(TrainingRun.Architecture, Recipe, options).Resume(Images);

        CollectionAssert.AreEqual((int[])[1, 2], blocks);
        Assert.IsTrue(cancelled.IsCancelled);
        Assert.IsNull(cancelled.Conversion);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(whole.Model.Weights), TrainingRun.Bytes(cancelled.Model.Weights), "the vanilla network");
        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(whole.Deploy().Network.Weights), TrainingRun.Bytes(resumed.Deploy().Network.Weights), "the converted network");
    }

    private sealed class FailingImages(IImageDataset images, Func<bool> fails) : IImageDataset
    {
        public IReadOnlyList<string> ClassNames => images.ClassNames;

        public int Count => images.Count;

        public RgbImage GetImage(int index) => fails() ? throw new IOException("The disk failed.") : images.GetImage(index);

        public int GetLabel(int index) => images.GetLabel(index);
    }

    private sealed class Reports(Action<TrainingProgress> use) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => use(value);
    }
}
