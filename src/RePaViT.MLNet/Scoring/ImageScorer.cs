using RePaViT.Kernels;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>Gives the class probabilities of the row that a reader stands on. They stay valid until it moves.</summary>
internal delegate ReadOnlySpan<float> ScoreReader();

/// <summary>The steps from an image to class probabilities. Safe to use from several threads at once.</summary>
internal sealed class ImageScorer(RePaViTModel model)
{
    /// <summary>Values of a prepared image.</summary>
    public int ImageLength => model.ImageLength;

    public int Classes => model.Architecture.Classes;

    /// <summary>The number of images that are worth scoring at once.</summary>
    public int ImagesPerBatch => model.ImagesPerBatch;

    /// <summary>Decodes an image and prepares it as training's validation did.</summary>
    /// <param name="image">The image.</param>
    /// <param name="pixels">Gets [3, size, size].</param>
    public void Prepare(ImageDecoder image, Span<float> pixels)
        => model.Preprocessing.Prepare(image(), model.Architecture.ImageSize, pixels);

    /// <param name="pixels">Prepared images.</param>
    /// <param name="probabilities">Gets [images, classes].</param>
    public void Score(ReadOnlySpan<float> pixels, Span<float> probabilities)
    {
        model.ComputeLogits(pixels, probabilities);
        for (int start = 0; start < probabilities.Length; start += Classes)
        {
            Softmax.Forward(probabilities.Slice(start, Classes));
        }
    }
}
