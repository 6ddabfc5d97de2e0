using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests;

/// <summary>What ML.NET does with a model, with networks of every family.</summary>
[TestClass]
public sealed class FamilyTests
{
    /// <summary>ONNX Runtime sums in another order than this library: some twenty roundings of probabilities below one.</summary>
    private const double Tolerance = 1e-5;

    public static IEnumerable<object[]> Families() =>
    [
        [new ViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8 }],
        [new ViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, IdleRatio = null }],
        [new ViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, FeedForwardNorm = FeedForwardNorm.LayerNorm }],
        [new ViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, ProjectionDim = 12 }],
        [new MixerArchitecture { Dim = 16, Depth = 2, ImageSize = 16, PatchSize = 8 }],
        [new MixerArchitecture { Dim = 16, Depth = 2, ImageSize = 16, PatchSize = 8, IdleRatio = null }],
        [new SwinArchitecture { Dim = 16, Depths = [2, 2], Heads = [2, 4], Window = 3, ImageSize = 16 }],
        [new SwinArchitecture { Dim = 16, Depths = [2, 2], Heads = [2, 4], Window = 2, ImageSize = 16, IdleRatio = null }],
        [new PoolFormerArchitecture { Depths = [1, 1], Dims = [16, 24], ImageSize = 16, LayerScale = 0.1 }],
        [new PoolFormerArchitecture { Depths = [1, 1], Dims = [16, 24], ImageSize = 16, LayerScale = 0.1, IdleRatio = null }],
        [new LVViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, StemChannels = 12 }],
        [new LVViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, StemChannels = 12, IdleRatio = null }],
    ];

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void A_model_is_trained_saved_loaded_by_ONNX_Runtime_and_by_us_and_predicts_the_same(Architecture architecture)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer model = Trainer(setup, architecture).Fit(data);
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);
        Assert.AreEqual(architecture with { Classes = 3 }, model.Model.Architecture);

        Scores[] expected = Scores.Read(model.Transform(data));
        setup.Context.Model.Save(model, data.Schema, setup.PathOf("model.zip"));
        model.SaveAsOnnx(setup.PathOf("model.onnx"));
        Scores.AreEqual(expected, Scores.Read(setup.Context.Model.Load(setup.PathOf("model.zip"), out _).Transform(data)), Tolerance);
        foreach (string file in new[] { "model.zip", "model.onnx" })
        {
            Scores.AreEqual(expected, Scores.Read(setup.Context.Model.LoadRePaViT(setup.PathOf(file)).Transform(data)));
        }

        using PredictionEngine<FileRow, RowPrediction> engine = setup.Context.Model.CreatePredictionEngine<FileRow, RowPrediction>(model);
        Scores.AreEqual(
            expected[..3], [.. setup.Rows.Take(3).Select(row => engine.Predict(new FileRow { Image = File.ReadAllBytes(row.ImagePath) }).ToScores())]);
    }

    /// <summary>All but heads that compare by angle: from random weights, their logits become large only in more epochs than these.</summary>
    public static IEnumerable<object[]> QuickLearners() => Families().Where(family => family[0] is not ViTArchitecture { ProjectionDim: not null });

    [TestMethod]
    [DynamicData(nameof(QuickLearners))]
    public void Training_goes_on_from_a_model_that_was_saved(Architecture architecture)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        setup.Context.Model.Save(Trainer(setup, architecture).Fit(data), data.Schema, setup.PathOf("model.zip"));
        var losses = new List<double>();
        ImageClassificationRePaViTTrainer.Options options = Options(architecture) with { MetricsCallback = epoch => losses.Add(epoch.Validation!.Loss) };
        options = options with { Recipe = options.Recipe with { Epochs = 1, LearningRate = 1e-4 } };

        setup.CreateTrainer(options with { InitialModel = setup.Context.Model.LoadRePaViT(setup.PathOf("model.zip")) }).Fit(data);
        setup.CreateTrainer(options).Fit(data);

        Assert.HasCount(2, losses);
        Assert.IsTrue(losses[0] < 0.5 * losses[1], $"{losses[0]} with the model, {losses[1]} without");
    }

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void A_run_that_was_stopped_ends_as_one_that_was_not(Architecture architecture)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        Scores[] expected = Scores.Read(Trainer(setup, architecture).Fit(data).Transform(data));
        using var cancellation = new CancellationTokenSource();
        ImageClassificationRePaViTTrainer.Options options = Options(architecture) with { CheckpointFolder = setup.PathOf("run"), Resume = true };
        var stopped = setup.CreateTrainer(options with
        {
            CancellationToken = cancellation.Token,
            MetricsCallback = epoch =>
            {
                if (epoch.Epoch == 3)
                {
                    cancellation.Cancel();
                }
            },
        });
        stopped.Fit(data);

        Scores.AreEqual(expected, Scores.Read(setup.CreateTrainer(options).Fit(data).Transform(data)));
    }

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void Every_output_of_a_model_is_a_column_before_and_after_it_is_saved(Architecture architecture)
    {
        var context = new MLContext(seed: 1);
        architecture = architecture with { Classes = 3 };
        RePaViTModel model = new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, 1).Weights, ColorImages.Classes, TestModel.Preprocessing).Reparameterize();
        ImageRow[] rows = ImageRow.Create(5, ColorImages.Classes);
        IDataView data = context.Data.LoadFromEnumerable(rows);
        foreach (string output in model.Outputs)
        {
            RePaViTFeaturizerTransformer featurizer = context.Transforms.RePaViTFeaturizer("Features", "Image", model, output).Fit(data);

            float[][] expected = [.. model.CreateExtractor(output).Compute([.. rows.Select(row => ImageFile.Decode(row.Image))])];
            Vectors.AreEqual(expected, Vectors.Read(featurizer.Transform(data)));
            using var stream = new MemoryStream();
            context.Model.Save(featurizer, data.Schema, stream);
            stream.Position = 0;
            Vectors.AreEqual(expected, Vectors.Read(context.Model.Load(stream, out _).Transform(data)), Tolerance);
        }
    }

    private static ImageClassificationRePaViTTrainer.Options Options(Architecture architecture)
        => TrainingSetup.Options with { Architecture = architecture };

    private static ImageClassificationRePaViTTrainer Trainer(TrainingSetup setup, Architecture architecture)
        => setup.CreateTrainer(Options(architecture));

    private sealed class FileRow
    {
        public byte[] Image { get; set; } = [];
    }
}
