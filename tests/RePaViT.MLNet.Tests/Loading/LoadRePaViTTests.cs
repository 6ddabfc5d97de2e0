using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Loading;

[TestClass]
public sealed class LoadRePaViTTests
{
    private static readonly string[] Names = ["3", "7"];

    private readonly MLContext _context = new(seed: 1);
    private readonly IDataView _rows;

    public LoadRePaViTTests() => _rows = _context.Data.LoadFromEnumerable(ImageRow.Create(5, Names));

    [TestMethod]
    [DataRow("zip")]
    [DataRow("chain")]
    [DataRow("onnx")]
    public void A_saved_transformer_comes_back_to_the_bit(string kind)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model");
        ClassKeys classes = ClassKeys.Create(nameof(UInt16), nameof(Int32), Names);
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, classes);
        switch (kind)
        {
            case "zip":
                _context.Model.Save(transformer, _rows.Schema, path);
                break;
            case "chain":
                ColumnCopyingTransformer before = _context.Transforms.CopyColumns("Copy", "Number").Fit(_rows);
                var inner = new TransformerChain<ITransformer>(transformer);
                ITransformer after = _context.Transforms.DropColumns("Copy").Fit(before.Transform(_rows));
                _context.Model.Save(new TransformerChain<ITransformer>(before, inner, after), _rows.Schema, path);
                break;
            default:
                transformer.SaveAsOnnx(path);
                break;
        }

        ImageClassificationRePaViTTransformer loaded = _context.Model.LoadRePaViT(path);

        Assert.AreEqual(transformer.Description, loaded.Description);
        Assert.AreEqual(classes.Type, loaded.Classes.Type);
        Assert.IsTrue(classes.HasSameClasses(loaded.Classes));
        Assert.AreEqual(transformer.Reparameterization, loaded.Reparameterization);
        Assert.IsNull(loaded.TrainedModel);
        AssertSameScores(transformer, loaded);
        Assert.AreEqual(1, folder.FileNames.Count());
    }

    [TestMethod]
    public void Scores_of_another_precision_are_near_and_what_is_saved_is_not_rounded()
    {
        using var folder = new TemporaryFolder();
        TestModel.CreateTransformer(_context, Names).SaveAsOnnx(folder.File("full"));
        ImageClassificationRePaViTTransformer full = _context.Model.LoadRePaViT(folder.File("full"));
        ImageClassificationRePaViTTransformer rounded =
            _context.Model.LoadRePaViT(folder.File("full"), Device.Cpu, InferencePrecision.EightBit);
        rounded.SaveAsOnnx(folder.File("again"));

        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("full")), File.ReadAllBytes(folder.File("again")));
        IEnumerable<float> differences = ScoresOf(full).Zip(ScoresOf(rounded), (expected, actual) => Math.Abs(expected - actual));
        Assert.IsTrue(differences.All(difference => difference <= 0.05f));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _context.Model.LoadRePaViT(folder.File("full"), Device.Cpu, (InferencePrecision)9));
    }

    [TestMethod]
    public void What_is_loaded_can_be_saved_again()
    {
        using var folder = new TemporaryFolder();
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, Names);
        transformer.SaveAsOnnx(folder.File("first"));
        _context.Model.Save(_context.Model.LoadRePaViT(folder.File("first")), _rows.Schema, folder.File("second"));

        AssertSameScores(transformer, _context.Model.LoadRePaViT(folder.File("second")));
    }

    [TestMethod]
    public void A_file_of_the_core_library_takes_images_of_any_kind()
    {
        using var folder = new TemporaryFolder();
        RePaViTModel model = TestModel.Create(Names);
        model.Save(folder.File("model.onnx"));

        ImageClassificationRePaViTTransformer loaded = _context.Model.LoadRePaViT(folder.File("model.onnx"));

        IDataView rows = _context.Transforms.CopyColumns("Features", "Image").Fit(_rows).Transform(_rows);
        Scores.AreEqual(
            Scores.Read(TestModel.CreateTransformer(_context, Names).Transform(rows)), Scores.Read(loaded.Transform(rows)));
        var exception = Assert.ThrowsExactly<NotSupportedException>(
            () => _context.Model.Save(loaded, rows.Schema, folder.File("model.zip")));
        StringAssert.Contains(exception.Message, "'Features'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_file_of_a_network_as_trained_is_reparameterized()
    {
        using var folder = new TemporaryFolder();
        TestModel.CreateTrained(Names).Save(folder.File("model.onnx"));

        ImageClassificationRePaViTTransformer loaded = _context.Model.LoadRePaViT(folder.File("model.onnx"));

        Assert.AreEqual(NetworkForm.Deployed, loaded.Model.Form);
        RgbImage image = ImageFile.Decode(ImageRow.Create(1, Names)[0].Image);
        float difference = Math.Abs(
            TestModel.Create(Names).Predict(image).Probability - loaded.Model.Predict(image).Probability);
        Assert.IsTrue(difference <= 1e-5, $"{difference}");
    }

    private void AssertSameScores(ImageClassificationRePaViTTransformer expected, ImageClassificationRePaViTTransformer actual)
        => CollectionAssert.AreEqual(ScoresOf(expected), ScoresOf(actual));

    private float[] ScoresOf(ImageClassificationRePaViTTransformer transformer)
        => [.. transformer.Transform(_rows).GetColumn<float[]>("Score").SelectMany(row => row)];
}
