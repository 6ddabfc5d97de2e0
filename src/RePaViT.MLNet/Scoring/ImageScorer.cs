using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>Gives the scores of the row that a reader stands on. They stay valid until it moves.</summary>
internal delegate ReadOnlySpan<float> ScoreReader();

/// <summary>Computes [images, scores] from prepared images.</summary>
internal delegate void ScoreFunction(ReadOnlySpan<float> pixels, Span<float> scores);

/// <summary>
/// The steps from an image to what a model gives for it, its scores: class probabilities, or another of its outputs. Safe to
/// use from several threads at once.
/// </summary>
internal sealed class ImageScorer
{
    private readonly RePaViTModel _model;
    private readonly ScoreFunction _score;

    private ImageScorer(RePaViTModel model, int length, int imagesPerBatch, ScoreFunction score)
    {
        (_model, Length, ImagesPerBatch, _score) = (model, length, imagesPerBatch, score);
    }

    /// <summary>Values of a prepared image.</summary>
    public int ImageLength => _model.ImageLength;

    /// <summary>How images are prepared.</summary>
    public ImagePreprocessing Preprocessing => _model.Preprocessing;

    /// <summary>Number of scores of an image.</summary>
    public int Length { get; }

    /// <summary>The number of images that are worth scoring at once.</summary>
    public int ImagesPerBatch { get; }

    /// <summary>Gives class probabilities.</summary>
    public static ImageScorer OfClasses(RePaViTModel model)
        => new(model, model.Architecture.Classes, model.ImagesPerBatch, model.ComputeProbabilities);

    /// <summary>Gives an output of the model, row by row.</summary>
    /// <exception cref="ArgumentException">There is no such output.</exception>
    public static ImageScorer OfOutput(RePaViTModel model, string output)
    {
        FeatureExtractor extractor = model.CreateExtractor(output);
        return new ImageScorer(model, extractor.Length, extractor.ImagesPerBatch, extractor.Compute);
    }

    /// <summary>Decodes an image and prepares it as training's validation did.</summary>
    /// <param name="image">The image.</param>
    /// <param name="pixels">Gets [3, size, size].</param>
    public void Prepare(ImageDecoder image, Span<float> pixels)
        => Preprocessing.Prepare(image(), _model.Architecture.ImageSize, pixels);

    /// <param name="pixels">Prepared images.</param>
    /// <param name="scores">Gets [images, <see cref="Length"/>].</param>
    public void Score(ReadOnlySpan<float> pixels, Span<float> scores) => _score(pixels, scores);
}
