namespace RePaViT.Training.Pixels;

/// <summary>What each operation of RandAugment does at a magnitude, with timm's numbers.</summary>
internal static class ImageOperations
{
    public static IReadOnlyList<ImageOperation> All { get; } = Enum.GetValues<ImageOperation>();

    /// <summary>The argument of an operation for a magnitude; 0 for those that take none.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="magnitude">From 0 to <see cref="RandAugment.MaxMagnitude"/>.</param>
    /// <param name="sign">1 or -1: the direction, where there are two.</param>
    public static double Argument(ImageOperation operation, double magnitude, int sign)
    {
        double share = magnitude / RandAugment.MaxMagnitude;
        return operation switch
        {
            ImageOperation.Rotate => sign * share * 30,
            ImageOperation.ShearX or ImageOperation.ShearY => sign * share * 0.3,
            ImageOperation.TranslateX or ImageOperation.TranslateY => sign * share * 0.45,
            ImageOperation.Color or ImageOperation.Contrast or ImageOperation.Brightness or ImageOperation.Sharpness
                => Math.Max(0.1, 1 + sign * share * 0.9),
            ImageOperation.Posterize => 4 - (int)(share * 4),
            ImageOperation.Solarize => 256 - (int)(share * 256),
            ImageOperation.SolarizeAdd => (int)(share * 110),
            _ => 0,
        };
    }

    /// <summary>How an operation moves what an image shows; null for those that change its colors.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="argument">As for <see cref="Apply"/>.</param>
    /// <param name="width">Width of the image.</param>
    /// <param name="height">Height of the image.</param>
    public static AffineTransform? TransformOf(ImageOperation operation, double argument, int width, int height) => operation switch
    {
        ImageOperation.Rotate => AffineTransform.Rotation(argument, width, height),
        ImageOperation.ShearX => AffineTransform.ShearX(argument),
        ImageOperation.ShearY => AffineTransform.ShearY(argument),
        ImageOperation.TranslateX => AffineTransform.Translation(argument * width, 0),
        ImageOperation.TranslateY => AffineTransform.Translation(0, argument * height),
        _ => null,
    };

    /// <summary>Changes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="argument">
    /// Degrees to rotate by, pixels per pixel to shear by, a share of the side to translate by, a factor for color,
    /// contrast, brightness and sharpness, bits to keep, a threshold to solarize from, or levels to add.
    /// </param>
    /// <param name="interpolation">How the geometric operations look between pixels.</param>
    /// <param name="fill">What comes in from outside.</param>
    public static void Apply(
        PixelImage image, ImageOperation operation, double argument, Interpolation interpolation, FillColor fill)
    {
        if (TransformOf(operation, argument, image.Width, image.Height) is AffineTransform transform)
        {
            transform.Apply(image, interpolation, fill);
            return;
        }

        switch (operation)
        {
            case ImageOperation.AutoContrast:
                Tones.AutoContrast(image);
                break;
            case ImageOperation.Equalize:
                Tones.Equalize(image);
                break;
            case ImageOperation.Invert:
                Tones.Invert(image);
                break;
            case ImageOperation.Posterize:
                Tones.Posterize(image, (int)argument);
                break;
            case ImageOperation.Solarize:
                Tones.Solarize(image, (int)argument);
                break;
            case ImageOperation.SolarizeAdd:
                Tones.SolarizeAdd(image, (int)argument);
                break;
            case ImageOperation.Color:
                Enhancement.Color(image, argument);
                break;
            case ImageOperation.Contrast:
                Tones.Contrast(image, argument);
                break;
            case ImageOperation.Brightness:
                Tones.Brightness(image, argument);
                break;
            case ImageOperation.Sharpness:
                Enhancement.Sharpness(image, argument);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation), operation, "There is no such operation.");
        }
    }
}
