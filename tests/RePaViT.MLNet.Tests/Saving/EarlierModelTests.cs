using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>
/// Models that an earlier version of this library saved (Fixtures/BeforeDecoding), all of the same network of 8 x 8 pixels and two
/// classes: they see images as that version did, which followed no orientation and laid transparent parts on black.
/// </summary>
[TestClass]
public sealed class EarlierModelTests
{
    /// <summary>ONNX Runtime sums in another order than this library.</summary>
    private const double Tolerance = 1e-5;

    private const int Width = 40;
    private const int Height = 60;

    private static readonly byte[] Rgba = CreatePixels();

    private readonly MLContext _context = new(seed: 1);
    private readonly IDataView _rows;
    private readonly RePaViTModel _model;

    public EarlierModelTests()
    {
        byte[] png = ImageFiles.Png(Width, Height, 8, 6, [.. Rgba.Chunk(4 * Width).SelectMany(row => row.Prepend((byte)0))]);
        byte[] photo = ImageFiles.WithChunk(png, "eXIf", OrientedFiles.Exif(6, isLittleEndian: true));
        _rows = _context.Data.LoadFromEnumerable([new FileRow { Image = photo }]);
        _model = _context.Model.LoadRePaViT(PathOf("model.onnx"), Device.Cpu).Model;
    }

    [TestMethod]
    public void Classifiers_score_as_they_did()
    {
        foreach (ITransformer loaded in (ITransformer[])
            [Load("bytes.zip"), _context.Model.LoadRePaViT(PathOf("bytes.zip"), Device.Cpu), _context.Model.LoadRePaViT(PathOf("model.onnx"), Device.Cpu)])
        {
            AssertNear(Expected(), loaded.Transform(_rows).GetColumn<float[]>("Score").Single());
        }
    }

    [TestMethod]
    public void Classifiers_of_decoded_images_of_one_size_score_as_they_did()
    {
        byte[] multiplied = [.. OverBlack().Pixels.ToArray().Chunk(3).SelectMany((color, i) => color.Append(Rgba[4 * i + 3]))];
        using MLImage image = MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Rgba32, multiplied);
        foreach (ITransformer loaded in (ITransformer[])[Load("sized.zip"), _context.Model.LoadRePaViT(PathOf("sized.zip"), Device.Cpu)])
        {
            using var engine = _context.Model.CreatePredictionEngine<SizedImage, RowPrediction>(loaded);
            AssertNear(Expected(), engine.Predict(new SizedImage { Image = image }).Score);
        }
    }

    [TestMethod]
    public void Featurizers_give_what_they_did()
    {
        float[] expected = _model.CreateExtractor("features").Compute(OverBlack());
        Vectors.AreEqual([expected], Vectors.Read(Load("featurizer.zip").Transform(_rows)), Tolerance);
        foreach (string name in (string[])["featurizer.zip", "bytes.zip", "model.onnx"])
        {
            RePaViTFeaturizerTransformer featurizer =
                _context.Transforms.RePaViTFeaturizer("Features", "Image", PathOf(name), device: Device.Cpu).Fit(_rows);
            Vectors.AreEqual([expected], Vectors.Read(featurizer.Transform(_rows)));
        }
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "BeforeDecoding", name);

    private static byte[] CreatePixels()
    {
        byte[] pixels = new byte[4 * Width * Height];
        new Random(1).NextBytes(pixels);
        return pixels;
    }

    /// <summary>As it is stored, with colors multiplied.</summary>
    private static RgbImage OverBlack()
        => new(Width, Height, Rgba.Chunk(4).SelectMany(p => p[..3].Select(color => (byte)Math.Round(color * p[3] / 255.0))).ToArray());

    private static void AssertNear(float[] expected, float[] actual) => Scores.AreEqual([new(0, expected)], [new(0, actual)], Tolerance);

    private ITransformer Load(string name) => _context.Model.Load(PathOf(name), out _);

    private float[] Expected() => [.. _model.Predict(OverBlack()).Probabilities];

    private sealed class FileRow
    {
        public byte[] Image { get; set; } = [];
    }

    private sealed class SizedImage
    {
        [ImageType(Height, Width)]
        public MLImage? Image { get; set; }
    }
}
