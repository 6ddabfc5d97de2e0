namespace RePaViT;

/// <summary>
/// Random operations on 8-bit images (Cubuk et al., 2019) as timm implements them, with its increasing set of operations:
/// auto contrast, equalize, invert, rotate, posterize, solarize, solarize add, color, contrast, brightness, sharpness,
/// shear and translate along x and y. Each drawn operation is carried out with a probability of 0.5. Operations that move
/// pixels interpolate as <see cref="ImagePreprocessing.Interpolation"/> says and fill with the mean color. The defaults
/// are timm's "rand-m9-mstd0.5-inc1", with which DeiT and RePaViT are trained.
/// </summary>
public sealed record RandAugment
{
    /// <summary>The magnitude at which operations have the strongest effect.</summary>
    internal const double MaxMagnitude = 10;

    // Nothing of an image is left long before.
    private const int MaxOperations = 100;

    /// <summary>Operations that are drawn for an image, from 1 to 100. Default 2.</summary>
    public int Operations { get; init; } = 2;

    /// <summary>The strength of operations, in [0, 10]. Default 9.</summary>
    public double Magnitude { get; init; } = 9;

    /// <summary>
    /// Standard deviation of the normal noise on <see cref="Magnitude"/>, which is drawn for each operation and cut off at
    /// 0 and 10. At least 0. Default 0.5.
    /// </summary>
    public double MagnitudeDeviation { get; init; } = 0.5;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Operations, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Operations, MaxOperations);
        if (!(Magnitude is >= 0 and <= MaxMagnitude))
        {
            throw new ArgumentOutOfRangeException(nameof(Magnitude), Magnitude, $"A number in [0, {MaxMagnitude}] is needed.");
        }

        if (!(double.IsFinite(MagnitudeDeviation) && MagnitudeDeviation >= 0))
        {
            throw new ArgumentOutOfRangeException(
                nameof(MagnitudeDeviation), MagnitudeDeviation, "A finite number of at least 0 is needed.");
        }
    }
}
