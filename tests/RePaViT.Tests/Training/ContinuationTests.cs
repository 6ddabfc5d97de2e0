using RePaViT.Tests.Support;

namespace RePaViT.Tests.Training;

/// <summary>Training that goes on from a model instead of from random weights.</summary>
[TestClass]
public sealed class ContinuationTests
{
    /// <summary>Roundings to float in other places; the loss itself is about 1.</summary>
    private const double LossTolerance = 1e-5;

    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(60, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(90, seed: 2);

    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 8,
        BatchSize = 10,
        LearningRate = 3e-3,
        Augmentation = AugmentationOptions.None,
        EmaDecay = 0.9,
        ChannelIdleMethod = ChannelIdleMethod.Train,
    };

    // Every test goes on from the same model of a family, which takes a second to train.
    private static readonly Dictionary<Architecture, RePaViTModel> Models = TrainingRun.Families()
        .Concat(FeedForwardNetworks.All())
        .Select(family => (Architecture)family[0])
        .ToDictionary(architecture => architecture, architecture => new Trainer(architecture, Recipe).Fit(Training).Model);

    private static readonly RePaViTModel Trained = Models[TrainingRun.Architecture];

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    [DynamicData(nameof(FeedForwardNetworks.All), typeof(FeedForwardNetworks))]
    public void A_saved_model_goes_on_from_what_it_computes(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        foreach (RePaViTModel model in new[] { trained.Reparameterize(), Loaded(trained.Reparameterize()), Loaded(trained) })
        {
            RePaViTModel start = Start(new Trainer(architecture, Recipe) { InitialModel = model });

            Assert.AreEqual(NetworkForm.Trained, start.Form);
            AssertSameFunction(model, start);
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_model_in_training_form_is_used_as_it_is(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        RePaViTModel start = Start(new Trainer(architecture, Recipe) { InitialModel = trained });
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(trained.Weights), TrainingRun.Bytes(start.Weights), "initial weights");
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_new_normalization_does_not_change_what_the_model_computes(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        var preprocessing = new ImagePreprocessing { Mean = new(0.2f, 0.3f, 0.4f), StandardDeviation = new(0.5f, 0.4f, 0.3f) };
        if (architecture is PoolFormerArchitecture or LVViTArchitecture)
        {
            // Around the image its filters see the mean color.
            Assert.ThrowsExactly<NotSupportedException>(
                () => Start(new Trainer(architecture, Recipe) { InitialModel = trained, Preprocessing = preprocessing }));
            preprocessing = preprocessing with { Mean = trained.Preprocessing.Mean };
        }

        foreach (RePaViTModel model in new[] { trained, Loaded(trained.Reparameterize()) })
        {
            RePaViTModel start = Start(new Trainer(architecture, Recipe)
            {
                InitialModel = model,
                Preprocessing = preprocessing,
            });
            Assert.AreEqual(preprocessing, start.Preprocessing);
            AssertSameFunction(model, start);
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_deployed_model_trains_on_without_losing_what_it_knows(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        RePaViTModel deployed = Loaded(trained.Reparameterize());
        Evaluation before = deployed.Evaluate(Validation);
        Assert.IsTrue(before.Accuracy >= 0.9, $"{before}");

        // Without smoothing and drop path the training loss starts as that of the model, and falls, if batches are
        // normalized as it expects: statistics of 30 images in place of all cost up to 2 percent.
        TrainingRecipe gentle = Recipe with
        {
            Epochs = 3, BatchSize = 30, LearningRate = 5e-4, LabelSmoothing = 0, DropPathRate = 0, WarmupEpochs = 0,
        };
        TrainingResult result = new Trainer(architecture, gentle) { InitialModel = deployed }.Fit(Training, Validation);

        double loss = deployed.Evaluate(Training).Loss;
        Assert.IsTrue(result.History[0].TrainingLoss <= 1.02 * loss, $"{loss} -> {result.History[0]}");
        Assert.IsTrue(result.History[^1].TrainingLoss < result.History[0].TrainingLoss, $"{result.History[^1]}");
        foreach (EpochSummary epoch in result.History)
        {
            Assert.IsTrue(epoch.Validation!.Accuracy >= before.Accuracy - 0.03, $"{before} -> {epoch}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Other_classes_get_a_new_head(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        RePaViTModel deployed = Loaded(trained.Reparameterize());
        InMemoryImageDataset other = TrainingRun.Dataset(60, seed: 3, classes: 5);
        var trainer = new Trainer(architecture with { Classes = 5 }, Recipe) { InitialModel = deployed };

        RePaViTModel start = trainer.Fit(other, cancellationToken: new CancellationToken(canceled: true)).Model;

        Assert.AreEqual(5, start.Architecture.Classes);
        AssertHasNewHead(start, 5);
        CollectionAssert.AreEqual(
            deployed.Weights["norm.weight"].Data.ToArray(),
            start.Weights["norm.weight"].Data.ToArray());

        // As many classes with other names are other classes, too.
        int[] indices = [.. Enumerable.Range(0, Training.Count)];
        var renamed = new InMemoryImageDataset(
            indices.Select(Training.GetImage), indices.Select(Training.GetLabel), ["class 1", "class 0", "class 2"]);
        trainer = new Trainer(architecture, Recipe) { InitialModel = deployed };
        start = trainer.Fit(renamed, cancellationToken: new CancellationToken(canceled: true)).Model;
        AssertHasNewHead(start, 3);

        void AssertHasNewHead(RePaViTModel model, int classes)
        {
            float[] head = model.Weights["head.weight"].ToArray();
            Assert.HasCount(classes * deployed.Weights["head.weight"].Shape[1], head);
            Assert.IsFalse(head.AsSpan().SequenceEqual(deployed.Weights["head.weight"].Data));
            Assert.AreEqual(architecture is not ViTArchitecture { ProjectionDim: not null }, model.Weights.TryGet("head.bias", out WeightTensor? bias));
            CollectionAssert.AreEqual(new float[bias is null ? 0 : classes], bias?.ToArray() ?? []);
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_run_from_a_deployed_model_is_resumed_without_it_and_ends_with_the_same_bytes(Architecture architecture)
    {
        RePaViTModel trained = Models[architecture];
        using var folder = new TemporaryFolder();
        RePaViTModel deployed = Loaded(trained.Reparameterize());
        TrainingRecipe recipe = Recipe with { Epochs = 2 };
        TrainingResult expected = new Trainer(architecture, recipe) { InitialModel = deployed }.Fit(Training, Validation);

        using var cancellation = new CancellationTokenSource();
        var options = new TrainerOptions { CheckpointPath = folder.File("run.safetensors") };
        var cancelled = new Trainer(architecture, recipe, options) { InitialModel = deployed };
        Assert.IsTrue(cancelled.Fit(
            Training, Validation, new CancelAtFirstReport(cancellation), cancellation.Token).IsCancelled);
        TrainingResult actual = new Trainer(architecture, recipe, options).Resume(Training, Validation);

        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), "resumed");
    }

    [TestMethod]
    public void What_a_run_cannot_go_on_from_is_refused()
    {
        RePaViTModel deployed = Trained.Reparameterize();
        AssertRefused(
            new Trainer(TrainingRun.Architecture with { Depth = 3 }, Recipe) { InitialModel = deployed },
            "architecture.depth is 2 in the initial model, but 3 here");
        AssertRefused(
            new Trainer(TrainingRun.Architecture with { IdleRatio = 0.75 }, Recipe) { InitialModel = deployed },
            "architecture.idleRatio is 0.7 in the initial model, but 0.75 here");
        AssertRefused(
            new Trainer(TrainingRun.Architecture, Recipe) { InitialModel = deployed, InitialWeights = Trained.Weights },
            "InitialModel and InitialWeights");
    }

    /// <summary>The weights that a trainer starts from.</summary>
    private static RePaViTModel Start(Trainer trainer)
        => trainer.Fit(Training, cancellationToken: new CancellationToken(canceled: true)).Model;

    private static RePaViTModel Loaded(RePaViTModel model)
    {
        using var stream = new MemoryStream();
        model.Save(stream);
        stream.Position = 0;
        return RePaViTModel.Load(stream);
    }

    private static void AssertSameFunction(RePaViTModel expected, RePaViTModel actual)
    {
        Evaluation before = expected.Evaluate(Validation);
        Evaluation after = actual.Evaluate(Validation);
        Assert.AreEqual(before.Accuracy, after.Accuracy);
        Assert.IsTrue(Math.Abs(before.Loss - after.Loss) <= LossTolerance, $"{before} -> {after}");
    }

    private static void AssertRefused(Trainer trainer, string reason)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.Fit(Training)).Message, reason);

    private sealed class CancelAtFirstReport(CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => cancellation.Cancel();
    }
}
