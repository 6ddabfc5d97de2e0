using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>What ML.NET itself makes of a saved model.</summary>
[TestClass]
public sealed class SaveAndLoadTests
{
    /// <summary>ONNX Runtime sums in another order than this library: some twenty roundings of probabilities below one.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string[] Classes = ["a", "b", "c"];

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    [DataRow(ImageColumnKind.File)]
    [DataRow(ImageColumnKind.Image)]
    public void Another_process_scores_the_same(object kind)
    {
        using var folder = new TemporaryFolder();
        ImageRow[] rows = ImageRow.Create(20, Classes);
        IDataView view = _context.Data.LoadFromEnumerable(rows);
        ITransformer model = TestModel.CreateTransformer(
            _context, ClassKeys.FromNames(Classes), new ImageColumn((ImageColumnKind)kind));
        if (kind is ImageColumnKind.Image)
        {
            ImageRow.WriteFiles(rows, folder);
            ITransformer loader = _context.Transforms.LoadImages("Image", folder.Path, nameof(ImageRow.Path)).Fit(view);
            model = new TransformerChain<ITransformer>(loader, model);
        }

        _context.Model.Save(model, view.Schema, folder.File("model.zip"));
        Scores[] scores = ScoringChild.Score(folder.File("model.zip"), 20, folder.File("scores.json"));

        Scores.AreEqual(Scores.Read(model.Transform(view)), scores, Tolerance);
    }

    [TestMethod]
    public void Other_columns_pass_through_and_helpers_do_not_show()
    {
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(3, Classes));
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, Classes);

        IDataView scored = SaveAndLoad(transformer, rows.Schema).Transform(rows);

        CollectionAssert.AreEqual(
            new[] { "Image", "Label", "Number", "Path", "PredictedLabel", "Score" },
            scored.Schema.Where(column => !column.IsHidden).Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(
            transformer.GetOutputSchema(rows.Schema).Select(column => column.Type).ToArray(),
            scored.Schema.Where(column => !column.IsHidden).Select(column => column.Type).ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, scored.GetColumn<int>("Number").ToArray());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Decoded_images_of_any_or_of_one_size_score_the_same(bool oneSize)
    {
        using var folder = new TemporaryFolder();
        ImageRow[] rows = ImageRow.Create(6, Classes);
        ImageRow.WriteFiles(rows, folder);
        IEstimator<ITransformer> loading = _context.Transforms.LoadImages("Image", folder.Path, nameof(ImageRow.Path));
        if (oneSize)
        {
            loading = loading.Append(_context.Transforms.ResizeImages("Image", 17, 13));
        }

        IDataView images = _context.Data.LoadFromEnumerable(rows);
        ITransformer loader = loading.Fit(images);
        ImageColumn column = ImageColumn.Of(loader.GetOutputSchema(images.Schema)["Image"]);
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(
            _context, ClassKeys.FromNames(Classes), column);
        var chain = new TransformerChain<ITransformer>(loader, transformer);

        Scores[] loaded = Scores.Read(SaveAndLoad(chain, images.Schema).Transform(images));

        Scores.AreEqual(Scores.Read(chain.Transform(images)), loaded, Tolerance);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Numbers_score_the_same(bool interleaved)
    {
        float[][] pixels = [.. Enumerable.Range(0, 4).Select(i => Array.ConvertAll(
            TestImages.Random(16, 14, i).Pixels.ToArray(), value => (float)value))];
        SchemaDefinition schema = SchemaDefinition.Create(typeof(PixelRow));
        schema["Image"].ColumnType = interleaved
            ? new VectorDataViewType(NumberDataViewType.Single, 14, 16, 3)
            : new VectorDataViewType(NumberDataViewType.Single, 3, 14, 16);
        IDataView rows = _context.Data.LoadFromEnumerable(pixels.Select(image => new PixelRow { Image = image }), schema);
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(
            _context, ClassKeys.FromNames(Classes), ImageColumn.Of(rows.Schema["Image"]));

        Scores[] loaded = Scores.Read(SaveAndLoad(transformer, rows.Schema).Transform(rows));

        Scores.AreEqual(Scores.Read(transformer.Transform(rows)), loaded, Tolerance);
    }

    [TestMethod]
    public void Two_models_in_one_chain_keep_apart()
    {
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(5, Classes));
        var first = TestModel.CreateTransformer(_context, Classes);
        var second = new ImageClassificationRePaViTTransformer(
            _context,
            TestModel.Description with { ScoreColumnName = "Score2", PredictedLabelColumnName = "Label2" },
            ClassKeys.FromNames(Classes),
            TestModel.Create(Classes, seed: 2));
        var chain = new TransformerChain<ITransformer>(first, second);

        IDataView loaded = SaveAndLoad(chain, rows.Schema).Transform(rows);

        Scores.AreEqual(Scores.Read(first.Transform(rows)), Scores.Read(loaded), Tolerance);
        CollectionAssert.AreEqual(
            chain.Transform(rows).GetColumn<uint>("Label2").ToArray(), loaded.GetColumn<uint>("Label2").ToArray());
    }

    [TestMethod]
    [DataRow("Byte", "ReadOnlyMemory`1", "", "Käse \"1\"", "Käse \"1\"")]
    [DataRow("UInt16", "Boolean", "True", "False")]
    [DataRow("UInt32", "Int32", "7", "-3")]
    [DataRow("UInt64", "DateTime", "2024-02-29T12:30:00.0000000", "1999-12-31T00:00:00.0000000")]
    [DataRow("UInt32", null, "0", "1")]
    public void Labels_keep_their_values_and_slots_their_names(string keyType, string? valueType, params string[] names)
    {
        DataViewSchema schema = _context.Data.LoadFromEnumerable(ImageRow.Create(1, names)).Schema;
        var transformer = TestModel.CreateTransformer(_context, ClassKeys.Create(keyType, valueType, names));

        DataViewSchema loaded = SaveAndLoad(transformer, schema).GetOutputSchema(schema);

        ClassKeys classes = ClassKeys.Of(loaded["PredictedLabel"]);
        Assert.AreEqual(transformer.Classes.Type, classes.Type);
        Assert.IsTrue(transformer.Classes.HasSameClasses(classes), string.Join(", ", classes.Names));
        VBuffer<ReadOnlyMemory<char>> slots = default;
        loaded["Score"].Annotations.GetValue("SlotNames", ref slots);
        CollectionAssert.AreEqual(names, slots.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void Images_of_a_prediction_engine_stay_the_callers()
    {
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(
            _context, ClassKeys.FromNames(Classes), new ImageColumn(ImageColumnKind.Image));
        using MLImage image = ImageRow.ToMLImage(TestImages.Random(12, 12, 1));
        using var memory = _context.Model.CreatePredictionEngine<SizedImage, Prediction>(transformer);
        // ML.NET does not save a schema of nothing but images.
        using var loaded = _context.Model.CreatePredictionEngine<SizedImage, Prediction>(SaveAndLoad(transformer, schema: null));
        for (int i = 0; i < 3; i++)
        {
            Prediction expected = memory.Predict(new SizedImage { Image = image });
            Prediction actual = loaded.Predict(new SizedImage { Image = image });
            Scores.AreEqual([new(0, expected.Score)], [new(0, actual.Score)], Tolerance);
        }
    }

    [TestMethod]
    public void Saving_tells_the_log_what_is_saved()
    {
        var messages = new List<string>();
        _context.Log += (_, entry) => messages.Add(entry.Message);

        SaveAndLoad(TestModel.CreateTransformer(_context, Classes), schema: null);

        Assert.IsTrue(messages.Any(message => message.Contains("reparameterized", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Without_ONNX_Runtime_the_message_says_what_to_install()
    {
        using var folder = new TemporaryFolder();
        using var temporary = new TemporaryFolder();

        string message = SavingChild.Save(temporary.Path, folder.File("message"));

        StringAssert.Contains(message, "Microsoft.ML.OnnxRuntime.Gpu", StringComparison.Ordinal);
        Assert.AreEqual(0, temporary.FileNames.Count(name => name!.StartsWith("repavit-", StringComparison.Ordinal)));
    }

    private ITransformer SaveAndLoad(ITransformer transformer, DataViewSchema? schema)
    {
        using var stream = new MemoryStream();
        _context.Model.Save(transformer, schema, stream);
        stream.Position = 0;
        return _context.Model.Load(stream, out _);
    }

    private sealed class SizedImage
    {
        [ImageType(12, 12)]
        public MLImage? Image { get; set; }
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }

    private sealed class PixelRow
    {
        public float[] Image { get; set; } = [];
    }
}
