using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>A model of other classes as the initial model.</summary>
[TestClass]
public sealed class TransferTests
{
    [TestMethod]
    public void Other_classes_are_learned_by_a_linear_classifier_and_the_log_says_so()
    {
        using var setup = new TrainingSetup(images: 36, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { InitialModel = OfTwoClasses() };
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(data);

        AssertLearned(setup, model, data);
        AssertLogged(setup, "36 images to train on, 0 to validate on");
        AssertLogged(setup, "Transfer learning: a linear classifier");
        AssertLogged(setup, "too few to fine-tune");
        AssertLogged(setup, "Linear classifiers get");
        Assert.IsFalse(setup.Log.Any(message => message.RawMessage.StartsWith("Epoch ", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_vanilla_network_is_converted_before_it_learns_other_classes()
    {
        using var setup = new TrainingSetup(images: 36, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options vanilla = TrainingSetup.Options with
        {
            Architecture = TrainingSetup.Options.Architecture with { IdleRatio = null },
        };
        ImageClassificationRePaViTTransformer initial = OfTwoClasses(vanilla);

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(TrainingSetup.Options with { InitialModel = initial }).Fit(data);

        AssertLearned(setup, model, data);
        AssertLogged(setup, "Converted: ");
        Assert.AreEqual(TrainingSetup.Options.Architecture.IdleRatio, model.Model.Architecture.IdleRatio);
        Assert.IsTrue(setup.CreateTrainer(vanilla with { InitialModel = initial }).Fit(data).Model.Architecture.IsVanilla);
    }

    [TestMethod]
    public void Fine_tuning_that_is_asked_for_follows_the_recipe_and_reports_its_epochs()
    {
        using var setup = new TrainingSetup(images: 36, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var epochs = new List<EpochSummary>();
        var options = TrainingSetup.Options with
        {
            InitialModel = OfTwoClasses(),
            Transfer = new TransferOptions { Method = TransferMethod.FineTune },
            Epoch = 3,
            MetricsCallback = epochs.Add,
        };
        AssertLearned(setup, setup.CreateTrainer(options).Fit(data), data);
        Assert.HasCount(3, epochs);
        AssertLogged(setup, "for the linear classifier");
    }

    [TestMethod]
    public void Without_transfer_all_weights_are_trained_from_a_new_last_layer_on()
    {
        using var setup = new TrainingSetup(images: 36, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { InitialModel = OfTwoClasses(), Transfer = null, Epoch = 2 };
        setup.CreateTrainer(options).Fit(data);
        AssertLogged(setup, "All weights are trained, with a new last layer: Transfer is null.");
        AssertLogged(setup, "Epoch 2/2");
    }

    [TestMethod]
    public void The_same_classes_go_on_as_ever()
    {
        using var setup = new TrainingSetup(images: 24, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer first = setup.CreateTrainer(TrainingSetup.Options with { Epoch = 1 }).Fit(data);
        setup.CreateTrainer(TrainingSetup.Options with { InitialModel = first, Epoch = 2 }).Fit(data);
        AssertLogged(setup, "Epoch 2/2");
    }

    [TestMethod]
    public void What_is_computed_is_kept_in_the_checkpoint_folder()
    {
        using var setup = new TrainingSetup(images: 24, classes: 3);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { InitialModel = OfTwoClasses(), CheckpointFolder = setup.PathOf("state") };
        float[][] expected = TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
        Assert.AreEqual(24, Safetensors.Read(setup.PathOf("state/features.safetensors")).Tensors.Count);
        float[][] actual = TrainingSetup.Scores(setup.CreateTrainer(options with { Resume = true }).Fit(data), data);
        foreach ((float[] first, float[] second) in expected.Zip(actual))
        {
            CollectionAssert.AreEqual(first, second);
        }
    }

    /// <summary>Trained for a while on two of the colors, under other names.</summary>
    private static ImageClassificationRePaViTTransformer OfTwoClasses(ImageClassificationRePaViTTrainer.Options? options = null)
    {
        using var setup = new TrainingSetup(images: 24, classes: 2);
        return setup.CreateTrainer((options ?? TrainingSetup.Options) with { Epoch = 4 }).Fit(setup.Prepare(setup.LoadBytes()));
    }

    private static void AssertLearned(TrainingSetup setup, ImageClassificationRePaViTTransformer model, IDataView data)
        => Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);

    private static void AssertLogged(TrainingSetup setup, string text)
        => Assert.IsTrue(
            setup.Log.Any(message => message.RawMessage.Contains(text, StringComparison.Ordinal)),
            $"{text}: {string.Join(Environment.NewLine, setup.Log.Select(message => message.RawMessage))}");
}
