using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Scoring;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests;

/// <summary>What users of ML.NET do with the outputs of a model.</summary>
[TestClass]
public sealed class RePaViTFeaturizerTests
{
    private const int Count = 24;

    private static readonly string[] Classes = ["a", "b", "c"];

    private readonly MLContext _context = new(seed: 1);
    private readonly ImageRow[] _rows = ImageRow.Create(Count, Classes);
    private readonly IDataView _data;
    private readonly RePaViTModel _model = TestModel.Create(Classes);

    public RePaViTFeaturizerTests() => _data = _context.Data.LoadFromEnumerable(_rows);

    [TestMethod]
    public void Features_of_a_trained_model_cluster_images_by_their_classes()
    {
        using var setup = new TrainingSetup(images: 60);
        (IDataView data, RePaViTModel model) = Train(setup);
        TransformsCatalog transforms = setup.Context.Transforms;

        IDataView clustered = transforms.RePaViTFeaturizer("Features", "Image", model)
            .Append(setup.Context.Clustering.Trainers.KMeans("Features", numberOfClusters: 3))
            .Fit(data).Transform(data);

        // How many images have the class that is the most frequent of their cluster: a third by chance.
        int right = clustered.GetColumn<uint>("PredictedLabel").Zip(setup.Rows, (cluster, row) => (cluster, row.Label))
            .GroupBy(pair => pair.cluster)
            .Sum(cluster => cluster.CountBy(pair => pair.Label).Max(count => count.Value));
        Assert.IsGreaterThanOrEqualTo(54, right);
    }

    [TestMethod]
    [DataRow("lbfgs", "features")]
    [DataRow("lbfgs", "stage1")]
    [DataRow("sdca", "features")]
    public void Other_trainers_learn_from_the_column_and_the_whole_is_saved_and_loaded(string trainer, string output)
    {
        using var setup = new TrainingSetup(images: 60);
        (_, RePaViTModel model) = Train(setup);
        MLContext context = setup.Context;
        MulticlassClassificationCatalog.MulticlassClassificationTrainers trainers = context.MulticlassClassification.Trainers;
        IDataView[] halves = [context.Data.LoadFromEnumerable(setup.Rows[..30]), context.Data.LoadFromEnumerable(setup.Rows[30..])];

        TransformerChain<ITransformer> chain = setup.LoadBytes()
            .Append(context.Transforms.RePaViTFeaturizer("Features", "Image", model, output))
            .AppendCacheCheckpoint(context)
            .Append(trainer == "sdca" ? trainers.SdcaMaximumEntropy() : (IEstimator<ITransformer>)trainers.LbfgsMaximumEntropy())
            .Fit(halves[0]);

        IDataView expected = chain.Transform(halves[1]);
        Assert.IsGreaterThanOrEqualTo(0.8, context.MulticlassClassification.Evaluate(expected).MicroAccuracy);
        context.Model.Save(chain, halves[0].Schema, setup.PathOf("model.zip"));
        IDataView actual = context.Model.Load(setup.PathOf("model.zip"), out _).Transform(halves[1]);
        CollectionAssert.AreEqual(
            expected.GetColumn<uint>("PredictedLabel").ToArray(), actual.GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void A_row_has_the_same_features_alone_and_among_64()
    {
        IDataView many = _context.Data.LoadFromEnumerable(ImageRow.Create(150, Classes));
        RePaViTFeaturizerTransformer featurizer = Featurizer();

        float[][] together = Vectors.Read(featurizer.Transform(many));

        Vectors.AreEqual(
            [.. ImageRow.Create(150, Classes).Select(row => Vectors.Read(featurizer.Transform(_context.Data.LoadFromEnumerable([row])))[0])],
            together);
    }

    [TestMethod]
    public void Prediction_engines_of_several_threads_give_the_same_and_may_be_disposed()
    {
        RePaViTFeaturizerTransformer featurizer = Featurizer();
        float[][] expected = Vectors.Read(featurizer.Transform(_data));
        var results = new float[4][][];

        Thread[] threads = [.. Enumerable.Range(0, results.Length).Select(i => new Thread(() =>
        {
            using var engine = _context.Model.CreatePredictionEngine<ImageRow, FeaturesRow>(featurizer);
            results[i] = [.. _rows.Select(row => engine.Predict(row).Features)];
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        foreach (float[][] result in results)
        {
            Vectors.AreEqual(expected, result);
        }
    }

    [TestMethod]
    public void A_model_in_training_form_is_reparameterized()
        => Vectors.AreEqual(
            Vectors.Read(Featurizer().Transform(_data)),
            Vectors.Read(_context.Transforms.RePaViTFeaturizer("Features", "Image", TestModel.CreateTrained(Classes)).Fit(_data).Transform(_data)));

    [TestMethod]
    [DataRow("Features")]
    [DataRow("Number")]
    [DataRow("Image")]
    public void An_estimators_promise_is_what_the_transformer_keeps(string outputColumn)
    {
        RePaViTFeaturizerEstimator estimator = _context.Transforms.RePaViTFeaturizer(outputColumn, "Image", _model, "stage1");

        DataViewSchema kept = estimator.Fit(_data).GetOutputSchema(_data.Schema);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(_data.Schema));

        FeatureExtractor extractor = _model.CreateExtractor("stage1");
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, extractor.Rows * extractor.Columns), kept[outputColumn].Type);
        CollectionAssert.AreEqual(
            SchemaShapes.Of(kept).Select(column => (column.Name, column.Kind, column.ItemType)).ToArray(),
            promised.Select(column => (column.Name, column.Kind, column.ItemType)).ToArray());
    }

    [TestMethod]
    public void Images_are_not_read_where_features_are_not_asked_for()
    {
        _rows[5].Image = [];

        IDataView view = Featurizer().Transform(_data);

        CollectionAssert.AreEqual(Enumerable.Range(0, Count).ToArray(), view.GetColumn<int>("Number").ToArray());
    }

    [TestMethod]
    public void A_missing_image_fails_only_its_own_row()
    {
        float[][] expected = Vectors.Read(Featurizer().Transform(_data));
        _rows[5].Image = [];
        IDataView view = Featurizer().Transform(_data);

        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]);
        VBuffer<float> features = default;
        for (int i = 0; cursor.MoveNext(); i++)
        {
            if (i == 5)
            {
                var exception = Assert.ThrowsExactly<InvalidDataException>(() => getter(ref features));
                StringAssert.Contains(exception.Message, "Row 5, column 'Image'", StringComparison.Ordinal);
                continue;
            }

            getter(ref features);
            Vectors.AreEqual([expected[i]], [[.. features.DenseValues()]]);
        }
    }

    [TestMethod]
    public void An_output_that_the_model_lacks_is_refused_with_those_it_has()
    {
        using var folder = new TemporaryFolder();
        _model.Save(folder.File("model.onnx"));

        ArgumentException[] refusals =
        [
            Assert.ThrowsExactly<ArgumentException>(() => _context.Transforms.RePaViTFeaturizer("Features", "Image", _model, "tokens")),
            Assert.ThrowsExactly<ArgumentException>(
                () => _context.Transforms.RePaViTFeaturizer("Features", "Image", folder.File("model.onnx"), "tokens")),
        ];

        foreach (ArgumentException refusal in refusals)
        {
            StringAssert.Contains(refusal.Message, "'Features'", StringComparison.Ordinal);
            StringAssert.Contains(refusal.Message, "'tokens'", StringComparison.Ordinal);
            StringAssert.Contains(refusal.Message, string.Join(", ", _model.Outputs), StringComparison.Ordinal);
        }

        StringAssert.Contains(refusals[1].Message, folder.File("model.onnx"), StringComparison.Ordinal);
    }

    [TestMethod]
    public void Names_that_are_none_are_refused()
    {
        TransformsCatalog transforms = _context.Transforms;
        Assert.ThrowsExactly<ArgumentException>(() => transforms.RePaViTFeaturizer("", "Image", _model));
        Assert.ThrowsExactly<ArgumentException>(() => transforms.RePaViTFeaturizer("Features", " ", _model));
        Assert.ThrowsExactly<ArgumentException>(() => transforms.RePaViTFeaturizer("\ud800", "Image", _model));
        Assert.ThrowsExactly<ArgumentNullException>(() => transforms.RePaViTFeaturizer("Features", "Image", _model, null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => transforms.RePaViTFeaturizer("Features", "Image", (RePaViTModel)null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => transforms.RePaViTFeaturizer("Features", "Image", (string)null!));
        Assert.ThrowsExactly<FileNotFoundException>(() => transforms.RePaViTFeaturizer("Features", "Image", "none.onnx"));
    }

    [TestMethod]
    [DataRow("Images", "no column 'Images'")]
    [DataRow("Number", "holds no images")]
    public void A_wrong_column_of_images_is_refused(string column, string named)
    {
        RePaViTFeaturizerEstimator estimator = _context.Transforms.RePaViTFeaturizer("Features", column, _model);

        foreach (Action action in new Action[] { () => estimator.Fit(_data), () => estimator.GetOutputSchema(SchemaShapes.Of(_data.Schema)) })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(action).Message, named, StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Images_of_another_kind_than_those_fitted_to_are_refused()
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Image", new ImageColumn(ImageColumnKind.Pixels, 4, 5).Type);

        var refusal = Assert.ThrowsExactly<ArgumentException>(() => Featurizer().GetOutputSchema(schema.ToSchema()));

        StringAssert.Contains(refusal.Message, "fitted to bytes of image files", StringComparison.Ordinal);
    }

    private RePaViTFeaturizerTransformer Featurizer() => _context.Transforms.RePaViTFeaturizer("Features", "Image", _model).Fit(_data);

    private static (IDataView Data, RePaViTModel Model) Train(TrainingSetup setup)
    {
        IDataView data = setup.Prepare(setup.LoadBytes());
        return (data, setup.CreateTrainer().Fit(data).Model);
    }

    private sealed class FeaturesRow
    {
        public float[] Features { get; set; } = [];
    }
}
