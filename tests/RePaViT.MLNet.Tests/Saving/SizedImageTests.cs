using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>Decoded images of one size, which a saved model takes apart and puts together again.</summary>
[TestClass]
public sealed class SizedImageTests
{
    /// <summary>ONNX Runtime sums in another order than this library.</summary>
    private const double Tolerance = 1e-5;

    private const int Width = 6;
    private const int Height = 4;

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    public void Transparent_ones_score_the_same_after_saving(bool isMultiplied, bool blends)
    {
        byte[] pixels = new byte[4 * Width * Height];
        new Random(1).NextBytes(pixels);
        for (int i = 0; isMultiplied && i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? pixels[i] : (byte)(pixels[i] * pixels[i | 3] / 255);
        }

        using MLImage image = MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Rgba32, pixels);
        ImageDecoding? decoding = blends ? new ImageDecoding { Background = new Rgb(0, 0.4f, 1) } : null;
        RePaViTModel model = TestModel.Create(["a", "b"]);
        model = new RePaViTModel(
            model.Architecture, model.Form, model.Weights, model.ClassNames, model.Preprocessing with { Decoding = decoding });
        var transformer = new ImageClassificationRePaViTTransformer(
            _context,
            TestModel.Description with { Features = new ImageColumn(ImageColumnKind.Image, Height, Width) },
            ClassKeys.FromNames(["a", "b"]),
            model);
        using var stream = new MemoryStream();
        _context.Model.Save(transformer, null, stream);

        float[] expected = [.. model.Predict(ImageReader.ToRgb(image, decoding)).Probabilities];
        Scores.AreEqual([new(0, expected)], [new(0, Predict(transformer))]);
        Scores.AreEqual([new(0, expected)], [new(0, Predict(_context.Model.Load(stream, out _)))], Tolerance);

        float[] Predict(ITransformer transformer)
        {
            using var engine = _context.Model.CreatePredictionEngine<SizedImage, RowPrediction>(transformer);
            return engine.Predict(new SizedImage { Image = image }).Score;
        }
    }

    private sealed class SizedImage
    {
        [ImageType(Height, Width)]
        public MLImage? Image { get; set; }
    }
}
