using System.Numerics.Tensors;
using System.Text.Json.Serialization;
using RePaViT.Data;

namespace RePaViT;

/// <summary>
/// How an image becomes the input of a network: the centered square of <see cref="CropFraction"/> of the shorter side is
/// resized to the network's size, and every channel is normalized as (value / 255 - mean) / deviation. Stored with
/// the weights, so that a deployed model prepares images as training's validation did.
/// </summary>
public sealed record ImagePreprocessing
{
    // Far beyond any statistic of images, and far from where normalized pixels would no longer be 32-bit floats.
    private const float Greatest = 1e6f;
    private const float LeastDeviation = 1e-6f;

    /// <summary>Creates the defaults.</summary>
    public ImagePreprocessing() => Decoding = new ImageDecoding();

    // Of what is stored without it.
    [JsonConstructor]
    internal ImagePreprocessing(ImageDecoding? decoding = null) => Decoding = decoding;

    /// <summary>Mean of each channel over the training images, 0 to 1. Default: ImageNet's.</summary>
    public Rgb Mean { get; init; } = new(0.485f, 0.456f, 0.406f);

    /// <summary>Standard deviation of each channel over the training images, 0 to 1. Default: ImageNet's.</summary>
    public Rgb StandardDeviation { get; init; } = new(0.229f, 0.224f, 0.225f);

    /// <summary>Side of the square that is used, as a share of the shorter side, in (0, 1]. Default 1.</summary>
    public double CropFraction { get; init; } = 1;

    /// <summary>The resizing filter. Default: bicubic.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bicubic;

    /// <summary>
    /// The length of the shorter side, in pixels, to which a larger image is reduced before anything else, at least 1;
    /// null to leave images as they are. A data set can be stored reduced, and every image is still prepared as if it
    /// were not. Default null.
    /// </summary>
    public int? ReducedSide { get; init; }

    /// <summary>
    /// How image files are decoded. Null for a model that was saved before this could be chosen: then the orientation is ignored, and
    /// transparent pixels are treated as black. Default: upright, over white.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageDecoding? Decoding { get; init; }

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        if (!(IsMean(Mean.Red) && IsMean(Mean.Green) && IsMean(Mean.Blue)))
        {
            throw new ArgumentException(
                $"{nameof(Mean)} {Mean} is not accepted: three finite numbers are needed, of at most {Greatest} either side of 0.");
        }

        if (!(IsScale(StandardDeviation.Red) && IsScale(StandardDeviation.Green) && IsScale(StandardDeviation.Blue)))
        {
            throw new ArgumentException(
                $"{nameof(StandardDeviation)} {StandardDeviation} is not accepted: three positive numbers are needed, from {LeastDeviation} to {Greatest}.");
        }

        if (!(CropFraction is > 0 and <= 1))
        {
            throw new ArgumentException($"{nameof(CropFraction)} {CropFraction} is outside (0, 1].");
        }

        if (!Enum.IsDefined(Interpolation))
        {
            throw new ArgumentException($"{nameof(Interpolation)} {Interpolation} is not known.");
        }

        if (ReducedSide is < 1)
        {
            throw new ArgumentException($"{nameof(ReducedSide)} {ReducedSide} is not accepted: at least 1 is needed.");
        }

        Decoding?.Validate();

        static bool IsMean(float value) => Math.Abs(value) <= Greatest;

        static bool IsScale(float value) => value is >= LeastDeviation and <= Greatest;
    }

    /// <summary>
    /// Reduces an image so that its shorter side is <see cref="ReducedSide"/>, keeping its proportions; an image that
    /// is no larger, or was already reduced, is returned unchanged.
    /// </summary>
    /// <param name="image">An image of any size.</param>
    /// <exception cref="ArgumentException">A property has a value that is not accepted, or the image has no pixels.</exception>
    public RgbImage Reduce(RgbImage image)
    {
        Validate();
        Resampler.ThrowIfEmpty(image);
        int shorter = Math.Min(image.Width, image.Height);
        if (ReducedSide is not int side || shorter <= side)
        {
            return image;
        }

        double scale = (double)side / shorter;
        return Resampler.Reduce(
            image, (int)Math.Round(scale * image.Width), (int)Math.Round(scale * image.Height), Interpolation);
    }

    /// <summary>Reduces, crops and resizes an image to what <see cref="RePaViTModel.ComputeLogits"/> takes.</summary>
    /// <param name="image">An image of any size.</param>
    /// <param name="size">Width and height of the network's input, in pixels; at least 1.</param>
    /// <param name="planes">Gets [3, size, size]: planes of red, green, blue from 0 to 255.</param>
    /// <exception cref="ArgumentException">
    /// A property has a value that is not accepted, the image has no pixels, or the planes have another length.
    /// </exception>
    public void Prepare(RgbImage image, int size, Span<float> planes)
    {
        image = Reduce(image);
        Resampler.Resize(image, CenteredSquare(image), size, Interpolation, planes);
    }

    /// <summary>The part of an image that the network sees.</summary>
    internal ImageBox CenteredSquare(RgbImage image)
    {
        double side = CropFraction * Math.Min(image.Width, image.Height);
        return new ImageBox((image.Width - side) / 2, (image.Height - side) / 2, side, side);
    }

    /// <summary>Turns planes of values in [0, 255] into (value / 255 - mean) / deviation: the input of training.</summary>
    internal void Normalize(Span<float> planes)
    {
        int length = planes.Length / 3;
        NormalizePlane(planes[..length], Mean.Red, StandardDeviation.Red);
        NormalizePlane(planes.Slice(length, length), Mean.Green, StandardDeviation.Green);
        NormalizePlane(planes[(2 * length)..], Mean.Blue, StandardDeviation.Blue);

        static void NormalizePlane(Span<float> plane, float mean, float deviation)
        {
            TensorPrimitives.Subtract(plane, 255 * mean, plane);
            TensorPrimitives.Multiply(plane, 1 / (255 * deviation), plane);
        }
    }
}
