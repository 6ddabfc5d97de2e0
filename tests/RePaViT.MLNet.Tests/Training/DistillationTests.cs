using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>ML.NET's trainer with a teacher, most of all a fitted pipeline of stock parts.</summary>
[TestClass]
public sealed class DistillationTests
{
    private const string Pixels = "TeacherPixels";

    [TestMethod]
    public void A_classifier_of_pixels_teaches_its_scores_also_where_no_row_has_a_label()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ITransformer teacher = Featurizer(setup)
            .Append(setup.Context.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", Pixels)).Fit(data);
        IDataView unlabeled = WithoutLabels(setup);
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Distillation = PipelineDistillation.FromScores(teacher) with { Weight = 1 }, ValidationSetFraction = null,
        };
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(unlabeled);
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);
        Assert.IsTrue(setup.Log.Any(message => message.Message.Contains("The teacher has seen 48 of 48 images", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void An_ONNX_model_teaches_its_scores_where_no_row_has_a_label()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        int size = TrainingSetup.Options.Architecture.ImageSize;
        setup.CreateTrainer().Fit(data).SaveAsOnnx(setup.PathOf("teacher.onnx"));
        ITransformer teacher = setup.Context.Transforms.LoadImages("TeacherImage", null, "ImagePath")
            .Append(setup.Context.Transforms.ResizeImages("TeacherImage", size, size))
            .Append(setup.Context.Transforms.ExtractPixels("image", "TeacherImage"))
            .Append(setup.Context.Transforms.ApplyOnnxModel("probabilities", "image", setup.PathOf("teacher.onnx"))).Fit(data);
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Distillation = PipelineDistillation.FromScores(teacher, "probabilities") with { Weight = 1 }, ValidationSetFraction = null,
        };

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(WithoutLabels(setup));

        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);
    }

    [TestMethod]
    public void A_vector_of_each_row_is_learned_and_rows_that_are_left_out_or_held_out_are_not_asked_for()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ITransformer teacher = Featurizer(setup).Fit(data);
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Distillation = PipelineDistillation.FromFeatures(teacher, Pixels), MaxUnreadableFraction = 0.1,
        };

        // The teacher reads the files by itself: it would fail on this one.
        File.WriteAllBytes(setup.Rows[1].ImagePath, [1, 2, 3]);
        IDataView readable = setup.Context.Data.SkipRows(data, 2);
        byte[] first = Fit();
        CollectionAssert.AreEqual(first, Fit(), "Twice the same.");
        Assert.IsTrue(setup.Log.Any(message => message.Message.Contains("The teacher has seen 41 of 41 images", StringComparison.Ordinal)));

        byte[] Fit()
        {
            ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(data);
            Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(readable)).MicroAccuracy >= 0.95);
            using var stream = new MemoryStream();
            model.Model.Save(stream);
            return stream.ToArray();
        }
    }

    [TestMethod]
    public void A_run_goes_on_with_the_same_teacher_only()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ITransformer teacher = Featurizer(setup).Fit(data);
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Distillation = PipelineDistillation.FromFeatures(teacher, Pixels), CheckpointFolder = setup.PathOf("run"),
        };
        float[][] scores = TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
        float[][] again = TrainingSetup.Scores(setup.CreateTrainer(options with { Resume = true }).Fit(data), data);
        CollectionAssert.AreEqual(scores.SelectMany(row => row).ToArray(), again.SelectMany(row => row).ToArray());

        ITransformer other = Featurizer(setup, size: 3).Fit(data);
        AssertRefused<ArgumentException>(
            "run.distillation.teacher is",
            () => setup.CreateTrainer(options with { Resume = true, Distillation = PipelineDistillation.FromFeatures(other, Pixels) }).Fit(data));
    }

    [TestMethod]
    public void A_teacher_is_stopped_between_two_rows()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var cancellation = new CancellationTokenSource();
        int rows = 0;
        ITransformer teacher = setup.Context.Transforms.CustomMapping<ColorRow, Answer>(
            (_, answer) =>
            {
                answer.Vector = [rows, 1];
                if (++rows == 5)
                {
                    cancellation.Cancel();
                }
            },
            contractName: null).Fit(setup.Data);
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Distillation = PipelineDistillation.FromFeatures(teacher, nameof(Answer.Vector)), CancellationToken = cancellation.Token,
        };
        IDataView texts = setup.Context.Transforms.LoadRawImageBytes("Image", null, "ImagePath")
            .Append(setup.Context.Transforms.Conversion.MapValueToKey("Key", "Label")).Fit(setup.Data).Transform(setup.Data);
        Assert.ThrowsExactly<OperationCanceledException>(() => setup.CreateTrainer(options with { LabelColumnName = "Key" }).Fit(texts));
        Assert.AreEqual(5, rows);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_by_option_or_column()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ITransformer teacher = Featurizer(setup).Fit(data);
        Distillation features = PipelineDistillation.FromFeatures(teacher, Pixels);
        AssertRefused<ArgumentException>("'' is not accepted", () => PipelineDistillation.FromFeatures(teacher, ""));
        AssertRefused<ArgumentException>("Weight 2 is not accepted", () => Create(features with { Weight = 2 }));
        AssertRefused<ArgumentException>("validation would measure nothing", () => Create(features with { Weight = 1 }));
        AssertRefused<ArgumentException>("There is no column 'Nothing'", () => Create(PipelineDistillation.FromFeatures(teacher, "Nothing")).Fit(data));
        AssertRefused<ArgumentException>(
            "Column 'ImagePath' of the teacher's pipeline is String", () => Create(PipelineDistillation.FromFeatures(teacher, "ImagePath")).Fit(data));
        AssertRefused<ArgumentException>(
            "gives 48 scores for each image, but the data set has 3 classes", () => Create(PipelineDistillation.FromScores(teacher, Pixels)).Fit(data));
        AssertRefused<ArgumentException>("needs the rows that ML.NET's trainer has", () => new Trainer(
            TrainingSetup.Options.Architecture with { Classes = 3 }) { Distillation = features }.Fit(new InMemoryImageDataset(
                Enumerable.Repeat(new RgbImage(1, 1, new byte[3]), 20), Enumerable.Range(0, 20).Select(i => i % 3), ["a", "b", "c"])));

        ImageClassificationRePaViTTransformer model = Create(null).Fit(data);
        var renamed = new RePaViTModel(model.Model.Architecture, model.Model.Form, model.Model.Weights, ["x", "y", "z"]);
        AssertRefused<ArgumentException>(
            "Column 'Label' has keys that differ from the teacher's classes", () => Create(Distillation.FromScores(renamed)).Fit(data));

        using var oneClass = new TrainingSetup(images: 6, classes: 1);
        AssertRefused<ArgumentException>("Column 'Label' has fewer than two keys", () => oneClass.CreateTrainer(TrainingSetup.Options with
        {
            Distillation = features with { Weight = 1 }, ValidationSetFraction = null,
        }).Fit(oneClass.Prepare(oneClass.LoadBytes())));

        ImageClassificationRePaViTTrainer Create(Distillation? distillation)
            => setup.CreateTrainer(TrainingSetup.Options with { Distillation = distillation });
    }

    /// <summary>The files as they are, reduced to a few pixels: a vector of 3 times size times size.</summary>
    private static EstimatorChain<ImagePixelExtractingTransformer> Featurizer(TrainingSetup setup, int size = 4) => setup.Context.Transforms
        .LoadImages("TeacherImage", null, "ImagePath")
        .Append(setup.Context.Transforms.ResizeImages("TeacherImage", size, size))
        .Append(setup.Context.Transforms.ExtractPixels(Pixels, "TeacherImage", scaleImage: 1f / 255));

    private static IDataView WithoutLabels(TrainingSetup setup)
    {
        // A key of the same type that is always missing.
        IDataView unlabeled = setup.Context.Data.LoadFromEnumerable(
            setup.Rows.Select(row => new ColorRow { ImagePath = row.ImagePath, Label = "none of them" }));
        return setup.LoadBytes().Fit(setup.Data).Transform(unlabeled);
    }

    private static void AssertRefused<T>(string message, Action action)
        where T : Exception
        => StringAssert.Contains(Assert.ThrowsExactly<T>(action).Message, message);

    private sealed class Answer
    {
        [VectorType(2)]
        public float[] Vector { get; set; } = [];
    }
}
