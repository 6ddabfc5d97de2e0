using RePaViT.Randomness;
namespace RePaViT.Training.Pixels;

/// <summary>Changes 8-bit images at random.</summary>
internal static class RandomOperations
{
    /// <summary>Probability that a drawn operation of RandAugment is carried out; timm's number.</summary>
    private const double OperationProbability = 0.5;

    /// <summary>RandAugment.</summary>
    /// <returns>Where each place comes from, in pixels.</returns>
    public static AffineTransform Augment(
        PixelImage image, RandAugment options, Interpolation interpolation, FillColor fill, ref RandomStream random)
    {
        AffineTransform view = AffineTransform.Identity;
        for (int i = 0; i < options.Operations; i++)
        {
            ImageOperation operation = ImageOperations.All[random.NextInt32(ImageOperations.All.Count)];
            if (random.NextDouble() >= OperationProbability)
            {
                continue;
            }

            double magnitude = options.Magnitude + options.MagnitudeDeviation * random.NextNormal();
            double argument = ImageOperations.Argument(
                operation, Math.Clamp(magnitude, 0, RandAugment.MaxMagnitude), sign: 1 - 2 * random.NextInt32(2));
            ImageOperations.Apply(image, operation, argument, interpolation, fill);
            view = view.Of(ImageOperations.TransformOf(operation, argument, image.Width, image.Height) ?? AffineTransform.Identity);
        }

        return view;
    }

    /// <summary>
    /// Brightness, contrast and saturation by factors within <paramref name="strength"/> of 1, but not below 0, in random
    /// order, as torchvision's ColorJitter does.
    /// </summary>
    public static void JitterColor(PixelImage image, double strength, ref RandomStream random)
    {
        ReadOnlySpan<ImageOperation> operations = [ImageOperation.Brightness, ImageOperation.Contrast, ImageOperation.Color];
        Span<int> order = stackalloc int[operations.Length];
        random.FillPermutation(order);
        foreach (int i in order)
        {
            double factor = random.NextDouble(Math.Max(0, 1 - strength), 1 + strength);
            ImageOperations.Apply(image, operations[i], factor, default, default);
        }
    }
}
