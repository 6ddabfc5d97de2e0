using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public class TrainerTests
{
    [TestMethod]
    public void Decoded_images_are_learned()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadImages());
        AssertLearned(setup, setup.CreateTrainer().Fit(data), data);
    }

    [TestMethod]
    public void Bytes_of_image_files_give_the_same_model_as_decoded_images()
    {
        using var setup = new TrainingSetup();
        IDataView bytes = setup.Prepare(setup.LoadBytes());
        float[][] fromBytes = TrainingSetup.Scores(setup.CreateTrainer().Fit(bytes), bytes);

        IDataView images = setup.Prepare(setup.LoadImages());
        float[][] fromImages = TrainingSetup.Scores(setup.CreateTrainer().Fit(images), images);
        AssertEqual(fromImages, fromBytes);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Vectors_of_pixels_are_learned(bool interleaved)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadImages()
            .Append(setup.Context.Transforms.ResizeImages("Image", 20, 18, "Image", ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append(setup.Context.Transforms.ExtractPixels("Image", "Image", interleavePixelColors: interleaved)));
        AssertLearned(setup, setup.CreateTrainer().Fit(data), data);
    }

    [TestMethod]
    public void Large_images_are_learned_from_reduced_copies()
    {
        using var setup = new TrainingSetup();
        for (int i = 0; i < setup.Rows.Length; i += 4)
        {
            using MLImage large = ColorImages.Create(i % 3, 300, 200, seed: i);
            large.Save(setup.Rows[i].ImagePath);
        }

        IDataView data = setup.Prepare(setup.LoadImages());
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer().Fit(data);
        Assert.AreEqual(24, model.Model.Preprocessing.ReducedSide);
        AssertLearned(setup, model, data);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_model_and_another_seed_another()
    {
        float[][] first = Train(contextSeed: 1);
        AssertEqual(first, Train(contextSeed: 1));
        AssertEqual(first, Train(contextSeed: 1, recipeSeed: 2));
        AssertEqual(first, Train(contextSeed: null, recipeSeed: 1));
        Assert.IsFalse(first.Zip(Train(contextSeed: 2)).All(pair => pair.First.SequenceEqual(pair.Second)));

        static float[][] Train(int? contextSeed, ulong recipeSeed = 0)
        {
            using var setup = new TrainingSetup(images: 24, seed: contextSeed);
            IDataView data = setup.Prepare(setup.LoadBytes());
            ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options;
            options = options with { Epoch = 2, Recipe = options.Recipe with { Seed = recipeSeed } };
            return TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
        }
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out_with_a_warning()
    {
        using var setup = new TrainingSetup();
        string[] known = ["red", "green"];
        IDataView keys = setup.Context.Data.LoadFromEnumerable(known.Select(label => new { label }));
        IDataView data = setup.Prepare(setup.Context.Transforms.Conversion.MapValueToKey("Label", keyData: keys)
            .Append(setup.Context.Transforms.LoadImages("Image", null, "ImagePath")));
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer().Fit(data);
        Assert.AreEqual(2, model.Model.ClassNames.Count);
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("16 of 48 training rows", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Progress_reaches_the_log_and_the_callbacks()
    {
        using var setup = new TrainingSetup();
        var epochs = new List<EpochSummary>();
        var options = TrainingSetup.Options with { Epoch = 3, MetricsCallback = epochs.Add };
        setup.CreateTrainer(options).Fit(setup.Prepare(setup.LoadBytes()));
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, epochs.ConvertAll(epoch => epoch.Epoch));
        Assert.IsTrue(epochs.TrueForAll(epoch => epoch.Validation!.Images == 6));
        foreach (string line in new[] { "Training on the CPU", "42 images to train on, 6 to validate on", "Epoch 3/3", "Reparameterized" })
        {
            Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith(line, StringComparison.Ordinal)), line);
        }
    }

    [TestMethod]
    public void What_options_leave_open_follows_from_the_number_of_images()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var cancellation = new CancellationTokenSource();
        var options = TrainingSetup.Options with
        {
            Recipe = new TrainingRecipe(), MetricsCallback = _ => cancellation.Cancel(), CancellationToken = cancellation.Token,
        };
        setup.CreateTrainer(options).Fit(data);
        AssertLogged("300 epochs in batches of 16");
        setup.CreateTrainer(options with { Epoch = 1, BatchSize = 5, CancellationToken = default }).Fit(data);
        AssertLogged("1 epochs in batches of 5");

        void AssertLogged(string text)
            => Assert.IsTrue(setup.Log.Any(message => message.RawMessage.Contains(text, StringComparison.Ordinal)), text);
    }

    [TestMethod]
    public void A_validation_set_is_used_in_place_of_training_rows()
    {
        using var setup = new TrainingSetup();
        ITransformer loader = setup.LoadImages().Fit(setup.Data);
        var options = TrainingSetup.Options with
        {
            ValidationSet = loader.Transform(setup.Context.Data.LoadFromEnumerable(setup.Rows.Take(9))),
            EarlyStoppingCriteria = new EarlyStopping(patience: 1),
            Epoch = 100,
        };
        setup.CreateTrainer(options).Fit(loader.Transform(setup.Data));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("48 images to train on, 9 to", StringComparison.Ordinal)));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("Training ended early", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Too_few_images_to_hold_any_out_train_without_validation()
    {
        using var setup = new TrainingSetup(images: 12);
        setup.CreateTrainer().Fit(setup.Prepare(setup.LoadBytes()));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("Training without validation", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_report_says_what_was_gained()
    {
        using var setup = new TrainingSetup();
        ReparameterizationReport report = setup.CreateTrainer().Fit(setup.Prepare(setup.LoadBytes())).Reparameterization;
        Assert.IsTrue(report.Deployed.Parameters < report.Trained.Parameters);
        Assert.IsTrue(report.Deployed.MultiplyAdds < report.Trained.MultiplyAdds);
        Assert.AreEqual(6, report.Images);
        Assert.IsTrue(report.LargestDifference <= 1e-5);
    }

    [TestMethod]
    public void Cross_validation_works()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        var folds = setup.Context.MulticlassClassification.CrossValidate(
            data, setup.CreateTrainer(TrainingSetup.Options with { Epoch = 20 }), numberOfFolds: 2);
        Assert.IsTrue(folds.All(fold => fold.Metrics.MicroAccuracy >= 0.9));
    }

    [TestMethod]
    public void Both_names_and_both_forms_of_the_extension_make_trainers()
    {
        using var setup = new TrainingSetup(images: 6);
        var trainers = setup.Context.MulticlassClassification.Trainers;
        IDataView data = setup.Prepare(setup.LoadBytes());
        foreach (ImageClassificationRePaViTTrainer trainer in new[]
        {
            trainers.RePaViT("Label", "Image", "Probability", "Class", data),
            trainers.ImageClassificationRePaViT("Label", "Image", "Probability", "Class", data),
            trainers.ImageClassificationRePaViT(
                TrainingSetup.Options with { ScoreColumnName = "Probability", PredictedLabelColumnName = "Class" }),
        })
        {
            SchemaShape shape = trainer.GetOutputSchema(setup.LoadBytes().GetOutputSchema(InputShape()));
            Assert.IsTrue(shape.Any(column => column.Name == "Probability") && shape.Any(column => column.Name == "Class"));
        }

        // The shape of the rows, out of a stock estimator.
        SchemaShape InputShape() => new([.. setup.Context.Transforms.CustomMapping<Empty, ColorRow>((_, _) => { }, null)
            .GetOutputSchema(new SchemaShape([]))]);
    }

    private static void AssertLearned(TrainingSetup setup, ImageClassificationRePaViTTransformer model, IDataView data)
        => Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);

    private static void AssertEqual(float[][] expected, float[][] actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i], actual[i]);
        }
    }

    private sealed class Empty;
}
