using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Clip;

/// <summary>Pipelines that classify by names, with a small CLIP (tests/RePaViT.Tests/Fixtures/Clip).</summary>
[TestClass]
public sealed class ZeroShotTests
{
    /// <summary>ONNX Runtime sums in another order than this library: some roundings of probabilities below one.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string[] Classes = ["cat", "dog", "horse"];

    private readonly MLContext _context = new(seed: 1);
    private readonly IDataView _data;
    private readonly ImageRow[] _rows = ImageRow.Create(9, Classes);
    private readonly ClipModel _clip = ClipModel.LoadPretrained(
        Path.Combine(AppContext.BaseDirectory, "Fixtures", "Clip", "openai.pt"), new Letters(), new PretrainedOptions { Heads = 1 });

    public ZeroShotTests() => _data = _context.Data.LoadFromEnumerable(_rows);

    [TestMethod]
    public void A_classifier_out_of_names_scores_is_saved_and_loaded_as_others_are()
    {
        RePaViTModel classifier = _clip.CreateClassifier(Classes, ["{}", "a {}"]);
        ImageClassificationRePaViTTransformer transformer = _context.Model.CreateRePaViT(classifier, _data.Schema, "Image");
        IDataView scored = transformer.Transform(_data);

        Scores[] expected = Scores.Read(scored);
        for (int row = 0; row < _rows.Length; row++)
        {
            Prediction prediction = classifier.Predict(ImageFile.Decode(_rows[row].Image));
            CollectionAssert.AreEqual(prediction.Probabilities.ToArray(), expected[row].Score);
            Assert.AreEqual((uint)prediction.Label + 1, expected[row].PredictedLabel);
        }

        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["PredictedLabel"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(Classes, names.DenseValues().Select(name => $"{name}").ToArray());

        using var folder = new TemporaryFolder();
        ITransformer chain = new TransformerChain<ITransformer>(
            transformer, _context.Transforms.Conversion.MapKeyToValue("Predicted", "PredictedLabel").Fit(scored));
        _context.Model.Save(chain, _data.Schema, folder.File("model.zip"));
        transformer.SaveAsOnnx(folder.File("model.onnx"));
        IDataView loaded = _context.Model.Load(folder.File("model.zip"), out _).Transform(_data);
        Scores.AreEqual(expected, Scores.Read(loaded), Tolerance);
        CollectionAssert.AreEqual(expected.Select(row => Classes[row.PredictedLabel - 1]).ToArray(), loaded.GetColumn<string>("Predicted").ToArray());
        foreach (string file in new[] { "model.zip", "model.onnx" })
        {
            ImageClassificationRePaViTTransformer again = _context.Model.LoadRePaViT(folder.File(file));
            Assert.AreEqual(classifier.Architecture, again.Model.Architecture);
            Scores.AreEqual(expected, Scores.Read(again.Transform(_data)));
        }
    }

    [TestMethod]
    public void Embeddings_of_images_are_a_column_that_texts_can_be_compared_with()
    {
        RePaViTModel classifier = _clip.CreateClassifier(Classes, ["{}"]);
        float[][][] columns =
        [
            .. new[] { _clip.ImageTower, classifier }.Select(model =>
            {
                RePaViTFeaturizerTransformer featurizer = _context.Transforms.RePaViTFeaturizer("Features", "Image", model, "embedding").Fit(_data);
                float[][] vectors = Vectors.Read(featurizer.Transform(_data));
                using var stream = new MemoryStream();
                _context.Model.Save(featurizer, _data.Schema, stream);
                stream.Position = 0;
                Vectors.AreEqual(vectors, Vectors.Read(_context.Model.Load(stream, out _).Transform(_data)), Tolerance);
                return vectors;
            }),
        ];

        // The cosine of both, times the scale, is the logit.
        Vectors.AreEqual(columns[0], columns[1]);
        IReadOnlyList<float[]> texts = _clip.EmbedTexts(Classes);
        float[] image = new float[3 * 32 * 32];
        float[] logits = new float[Classes.Length];
        for (int row = 0; row < _rows.Length; row++)
        {
            classifier.Preprocessing.Prepare(ImageFile.Decode(_rows[row].Image), 32, image);
            classifier.ComputeLogits(image, logits);
            float[] cosines = [.. texts.Select(text => text.Zip(columns[0][row]).Sum(pair => pair.First * pair.Second))];
            Vectors.AreEqual([logits], [[.. cosines.Select(cosine => cosine * _clip.LogitScale)]], Tolerance);
        }
    }

    [TestMethod]
    public void Columns_that_are_not_accepted_are_named()
    {
        RePaViTModel classifier = _clip.CreateClassifier(Classes, ["{}"]);

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => _context.Model.CreateRePaViT(classifier, _data.Schema)).Message, "'Features'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => _context.Model.CreateRePaViT(classifier, _data.Schema, "Label")).Message, "holds no images");
        Assert.ThrowsExactly<ArgumentException>(() => _context.Model.CreateRePaViT(classifier, _data.Schema, "Image", " "));
        Assert.ThrowsExactly<ArgumentException>(() => _context.Model.CreateRePaViT(classifier, _data.Schema, "Image", "Same", "Same"));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.CreateRePaViT(null!, _data.Schema, "Image"));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.CreateRePaViT(classifier, null!, "Image"));
    }

    /// <summary>A token for each character, between the two that the small CLIP begins and ends texts with.</summary>
    private sealed class Letters : ITextTokenizer
    {
        public IReadOnlyList<int> Encode(string text) => [298, .. text.Select(character => (int)character), 299];
    }
}
