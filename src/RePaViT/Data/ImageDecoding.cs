namespace RePaViT;

/// <summary>
/// How an image file becomes an upright, opaque image. Stored with a model (<see cref="ImagePreprocessing.Decoding"/>), so that
/// files are decoded for it as in its training. Decoding itself is part of RePaViT.MLNet.
/// </summary>
public sealed record ImageDecoding
{
    private const int DefaultMaxPixels = 1 << 27;
    // Four samples a pixel are counted by an Int32.
    private const int GreatestMaxPixels = int.MaxValue / 4;

    /// <summary>
    /// Whether the orientation in the file's metadata, one of eight, is applied: phones store photos as the sensor sees them, often
    /// on their side. Default true.
    /// </summary>
    public bool FollowOrientation { get; init; } = true;

    /// <summary>What transparent pixels are blended with, each number from 0 to 1. Default: white.</summary>
    public Rgb Background { get; init; } = new(1, 1, 1);

    /// <summary>
    /// The largest number of pixels in an image, from 1 to 2^29 - 1. A file that claims more is refused before a pixel is decoded. Default
    /// 2^27: the 108 megapixels of a phone fit, and at 7 bytes per pixel, no image takes more than 1 GB to decode.
    /// </summary>
    public int MaxPixels { get; init; } = DefaultMaxPixels;

    /// <summary>
    /// That of models saved before this could be chosen: as the sensor saw it, over black, and always in full, so that their
    /// predictions stay the same.
    /// </summary>
    internal static ImageDecoding OfOlderModels { get; } = new() { FollowOrientation = false, Background = default };

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        if (!(IsIntensity(Background.Red) && IsIntensity(Background.Green) && IsIntensity(Background.Blue)))
        {
            throw new ArgumentException($"{nameof(Background)} {Background} is not accepted: three numbers from 0 to 1 are needed.");
        }

        if (MaxPixels is < 1 or > GreatestMaxPixels)
        {
            throw new ArgumentException($"{nameof(MaxPixels)} {MaxPixels} is not accepted: "
                + $"a number from 1 to {GreatestMaxPixels} is needed.");
        }

        static bool IsIntensity(float value) => value is >= 0 and <= 1;
    }
}
