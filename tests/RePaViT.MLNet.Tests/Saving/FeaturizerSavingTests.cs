using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>What ML.NET and this library make of a saved featurizer.</summary>
[TestClass]
public sealed class FeaturizerSavingTests
{
    /// <summary>ONNX Runtime sums in another order than this library: some twenty roundings of the largest value.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string[] Classes = ["a", "b", "c"];

    private readonly MLContext _context = new(seed: 1);
    private readonly ImageRow[] _rows = ImageRow.Create(6, Classes);
    private readonly IDataView _data;
    private readonly RePaViTModel _model = TestModel.Create(Classes);

    public FeaturizerSavingTests() => _data = _context.Data.LoadFromEnumerable(_rows);

    [TestMethod]
    public void Other_columns_pass_through_and_helpers_do_not_show()
    {
        RePaViTFeaturizerTransformer featurizer = Featurizer("stage1");

        IDataView loaded = SaveAndLoad(featurizer, _data.Schema).Transform(_data);

        DataViewSchema.Column[] visible = [.. loaded.Schema.Where(column => !column.IsHidden)];
        DataViewSchema expected = featurizer.GetOutputSchema(_data.Schema);
        CollectionAssert.AreEqual(expected.Select(column => column.Name).ToArray(), visible.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(expected.Select(column => column.Type).ToArray(), visible.Select(column => column.Type).ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, 6).ToArray(), loaded.GetColumn<int>("Number").ToArray());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Decoded_images_of_any_or_of_one_size_give_the_same(bool oneSize)
    {
        using var folder = new TemporaryFolder();
        ImageRow.WriteFiles(_rows, folder);
        IEstimator<ITransformer> loading = _context.Transforms.LoadImages("Image", folder.Path, nameof(ImageRow.Path));
        if (oneSize)
        {
            loading = loading.Append(_context.Transforms.ResizeImages("Image", 17, 13));
        }

        TransformerChain<RePaViTFeaturizerTransformer> chain
            = loading.Append(_context.Transforms.RePaViTFeaturizer("Features", "Image", _model)).Fit(_data);

        float[][] features = Vectors.Read(chain.Transform(_data));

        if (!oneSize)
        {
            Vectors.AreEqual(Expected(), features);
        }

        Vectors.AreEqual(features, Vectors.Read(SaveAndLoad(chain, _data.Schema).Transform(_data)), Tolerance);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Numbers_give_the_same(bool interleaved)
    {
        RgbImage[] images = [.. Enumerable.Range(0, 4).Select(i => TestImages.Random(16, 14, i))];
        SchemaDefinition schema = SchemaDefinition.Create(typeof(PixelRow));
        schema["Image"].ColumnType = new ImageColumn(ImageColumnKind.Pixels, 14, 16, interleaved).Type;
        IDataView rows = _context.Data.LoadFromEnumerable(images.Select(image => new PixelRow { Image = Pixels(image, interleaved) }), schema);
        RePaViTFeaturizerTransformer featurizer = _context.Transforms.RePaViTFeaturizer("Features", "Image", _model).Fit(rows);
        float[][] expected = [.. _model.CreateExtractor().Compute(images)];

        Vectors.AreEqual(expected, Vectors.Read(featurizer.Transform(rows)));
        Vectors.AreEqual(expected, Vectors.Read(SaveAndLoad(featurizer, rows.Schema).Transform(rows)), Tolerance);
    }

    [TestMethod]
    public void A_column_may_take_the_place_of_the_images()
    {
        RePaViTFeaturizerTransformer featurizer = _context.Transforms.RePaViTFeaturizer("Image", "Image", _model).Fit(_data);

        IDataView loaded = SaveAndLoad(featurizer, _data.Schema).Transform(_data);

        Vectors.AreEqual(Expected(), [.. featurizer.Transform(_data).GetColumn<float[]>("Image")]);
        Vectors.AreEqual(Expected(), [.. loaded.GetColumn<float[]>("Image")], Tolerance);
    }

    [TestMethod]
    public void Our_engine_takes_the_network_of_any_file_and_gives_any_output()
    {
        using var folder = new TemporaryFolder();
        _context.Model.Save(Featurizer("features"), _data.Schema, folder.File("featurizer.zip"));
        _context.Model.Save(TestModel.CreateTransformer(_context, Classes), _data.Schema, folder.File("classifier.zip"));
        TestModel.CreateTransformer(_context, Classes).SaveAsOnnx(folder.File("classifier.onnx"));
        _model.Save(folder.File("model.onnx"));
        _model.Save(folder.File("outputs.onnx"), ["features"]);

        foreach (string file in folder.FileNames.ToArray()!)
        {
            foreach (string output in _model.Outputs)
            {
                RePaViTFeaturizerTransformer loaded = _context.Transforms
                    .RePaViTFeaturizer("Features", "Image", folder.File(file), output, Device.Cpu).Fit(_data);
                Vectors.AreEqual(Expected(output), Vectors.Read(loaded.Transform(_data)));
            }
        }
    }

    [TestMethod]
    public void A_classifier_behind_a_featurizer_is_found()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        ImageClassificationRePaViTTransformer classifier = TestModel.CreateTransformer(_context, Classes);
        _context.Model.Save(new TransformerChain<ITransformer>(Featurizer("stage1"), classifier), _data.Schema, path);

        Scores.AreEqual(Scores.Read(classifier.Transform(_data)), Scores.Read(_context.Model.LoadRePaViT(path).Transform(_data)));
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => _context.Transforms.RePaViTFeaturizer("Features", "Image", path));
        StringAssert.Contains(refusal.Message, "more than one network", StringComparison.Ordinal);

        _context.Model.Save(Featurizer("stage1"), _data.Schema, path);
        refusal = Assert.ThrowsExactly<InvalidDataException>(() => _context.Model.LoadRePaViT(path));
        StringAssert.Contains(refusal.Message, "no classifier of this library", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_precision_and_a_device_may_be_asked_for()
    {
        using var folder = new TemporaryFolder();
        _model.Save(folder.File("model.onnx"));
        RePaViTFeaturizerEstimator rounded = _context.Transforms.RePaViTFeaturizer(
            "Features", "Image", folder.File("model.onnx"), device: Device.Cpu, precision: InferencePrecision.EightBit);

        Vectors.AreEqual(Expected(), Vectors.Read(rounded.Fit(_data).Transform(_data)), tolerance: 0.1);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _context.Transforms.RePaViTFeaturizer(
            "Features", "Image", folder.File("model.onnx"), device: Device.Cpu, precision: (InferencePrecision)9));
    }

    [TestMethod]
    public void Saving_tells_the_log_what_is_saved()
    {
        var messages = new List<string>();
        _context.Log += (_, entry) => messages.Add(entry.Message);

        SaveAndLoad(Featurizer("stage1"), _data.Schema);

        Assert.IsTrue(messages.Any(message => message.Contains("'stage1'", StringComparison.Ordinal)));
    }

    private RePaViTFeaturizerTransformer Featurizer(string output)
        => _context.Transforms.RePaViTFeaturizer("Features", "Image", _model, output).Fit(_data);

    private float[][] Expected(string output = "features")
        => [.. _model.CreateExtractor(output).Compute([.. _rows.Select(row => ImageFile.Decode(row.Image))])];

    private ITransformer SaveAndLoad(ITransformer transformer, DataViewSchema schema)
    {
        using var stream = new MemoryStream();
        _context.Model.Save(transformer, schema, stream);
        stream.Position = 0;
        return _context.Model.Load(stream, out _);
    }

    private static float[] Pixels(RgbImage image, bool interleaved)
    {
        int pixels = image.Width * image.Height;
        float[] values = Array.ConvertAll(image.Pixels.ToArray(), value => (float)value);
        return interleaved ? values : [.. Enumerable.Range(0, 3 * pixels).Select(i => values[i % pixels * 3 + i / pixels])];
    }

    private sealed class PixelRow
    {
        public float[] Image { get; set; } = [];
    }
}
