using RePaViT.Tests.Support;
using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>Images without labels first, then the labeled few.</summary>
[TestClass]
public sealed class SelfDistillationTests
{
    private static readonly SelfDistillation Learning = new()
    {
        Epochs = 4, BatchSize = 8, LearningRate = 2e-3, LocalCrops = 2, Prototypes = 16, HiddenDim = 24, BottleneckDim = 8,
    };

    [TestMethod]
    [DataRow(ChannelIdleMethod.Train)]
    [DataRow(ChannelIdleMethod.Auto)]
    public void A_network_learns_from_images_without_labels_and_then_from_the_labeled_ones(ChannelIdleMethod method)
    {
        using var setup = new TrainingSetup(images: 48);
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options options = Options(setup) with
        {
            Recipe = TrainingSetup.Options.Recipe with { ChannelIdleMethod = method },
        };

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(data);

        AssertLogged(setup, "48 images without labels to learn from first.");
        AssertLogged(setup, "Transfer learning: ");
        Assert.AreEqual(method == ChannelIdleMethod.Auto, setup.Log.Any(message => message.RawMessage.StartsWith("Converted: ", StringComparison.Ordinal)));
        Assert.AreEqual(TrainingSetup.Options.Architecture.IdleRatio, model.Model.Architecture.IdleRatio);
        Assert.HasCount(3, model.Model.ClassNames);
        setup.Context.Model.Save(model, data.Schema, setup.PathOf("model.zip"));
        CollectionAssert.AreEqual(
            TrainingSetup.Scores(model, data)[0], TrainingSetup.Scores(setup.Context.Model.LoadRePaViT(setup.PathOf("model.zip")), data)[0]);
    }

    [TestMethod]
    public void All_weights_are_trained_with_labels_if_transfer_is_off()
    {
        using var setup = new TrainingSetup(images: 48);
        IDataView data = setup.Prepare(setup.LoadBytes());

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(Options(setup) with { Transfer = null }).Fit(data);

        AssertLogged(setup, "All weights are trained");
        AssertAccurate(setup, model, data, atLeast: 0.9);
    }

    [TestMethod]
    public void What_was_learned_without_labels_is_kept_and_found_again()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var cancellation = new CancellationTokenSource();
        ImageClassificationRePaViTTrainer.Options options = Options(setup) with { CheckpointFolder = setup.PathOf("run") };
        ImageClassificationRePaViTTrainer.Options cancelled = options with
        {
            CancellationToken = cancellation.Token, Progress = new AfterEpoch(2, cancellation.Cancel),
        };
        Assert.Throws<OperationCanceledException>(() => setup.CreateTrainer(cancelled).Fit(data));

        ImageClassificationRePaViTTransformer resumed = setup.CreateTrainer(options with { Resume = true }).Fit(data);
        ImageClassificationRePaViTTransformer straight = setup.CreateTrainer(Options(setup)).Fit(data);

        AssertLogged(setup, "continued from");
        CollectionAssert.AreEqual(TrainingSetup.Scores(straight, data)[0], TrainingSetup.Scores(resumed, data)[0]);
        setup.CreateTrainer(options).Fit(data);
        Assert.IsTrue(File.Exists(Path.Combine(setup.PathOf("run"), "pretraining.previous.safetensors")));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_by_name()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options options = Options(setup);

        Refused("SelfDistillation needs an UnlabeledSet", options with { UnlabeledSet = null });
        Refused("LocalCrops", options with { SelfDistillation = new() { LocalCrops = -1 } });
        Refused("InitialModel", options with { InitialModel = setup.CreateTrainer().Fit(data) });
        Refused("UnlabeledSet does not pass", options with { UnlabeledSet = setup.Context.Data.LoadFromEnumerable(setup.Rows) });
        IDataView decoded = setup.Context.Transforms.LoadImages("Image", null, "ImagePath").Fit(setup.Data).Transform(setup.Data);
        Refused("both must be the same", options with { UnlabeledSet = decoded });
        Refused("unlabeled data are empty", options with { UnlabeledSet = setup.Context.Data.FilterRowsByColumn(Numbered(setup), "Value", 1000) });

        void Refused(string named, ImageClassificationRePaViTTrainer.Options refused)
            => StringAssert.Contains(Assert.Throws<ArgumentException>(() => setup.CreateTrainer(refused).Fit(data)).Message, named);
    }

    /// <summary>The same images without their labels.</summary>
    private static ImageClassificationRePaViTTrainer.Options Options(TrainingSetup setup) => TrainingSetup.Options with
    {
        SelfDistillation = Learning,
        UnlabeledSet = setup.Context.Transforms.DropColumns("Label").Fit(Bytes(setup)).Transform(Bytes(setup)),
    };

    private static IDataView Bytes(TrainingSetup setup)
        => setup.Context.Transforms.LoadRawImageBytes("Image", null, "ImagePath").Fit(setup.Data).Transform(setup.Data);

    private static IDataView Numbered(TrainingSetup setup)
        => setup.Context.Transforms.CustomMapping<ColorRow, Number>((_, number) => number.Value = 1, contractName: null).Fit(Bytes(setup)).Transform(Bytes(setup));

    private static void AssertAccurate(TrainingSetup setup, ImageClassificationRePaViTTransformer model, IDataView data, double atLeast)
        => Assert.IsGreaterThan(atLeast, setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy);

    private static void AssertLogged(TrainingSetup setup, string text)
        => Assert.IsTrue(setup.Log.Any(message => message.RawMessage.Contains(text, StringComparison.Ordinal)), text);

    private sealed class Number
    {
        public float Value { get; set; }
    }
}
