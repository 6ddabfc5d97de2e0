namespace RePaViT;

/// <summary>
/// How training images are changed at random, as timm implements it. The defaults suit small data sets and short runs;
/// <see cref="DeiT"/> is meant for hundreds of epochs on ImageNet.
/// </summary>
public sealed record AugmentationOptions
{
    // Every sample is 0 or 255 long before.
    private const double MaxColorJitter = 100;

    /// <summary>No augmentation: images as validation sees them.</summary>
    public static AugmentationOptions None { get; } =
        new() { ResizedCrop = null, HorizontalFlip = 0 };

    /// <summary>Everything that DeiT does (Touvron et al., 2021, table 9), and RePaViT like it.</summary>
    public static AugmentationOptions DeiT { get; } = new()
    {
        ResizedCrop = new RandomResizedCrop(),
        RandAugment = new RandAugment(),
        RandomErasing = 0.25,
        Repeats = 3,
        MixupAlpha = 0.8,
        CutmixAlpha = 1,
    };

    /// <summary>
    /// A random box of the image, resized to the network's size; null turns it off. Default: a box of at least 0.35 of
    /// the image's area.
    /// </summary>
    public RandomResizedCrop? ResizedCrop { get; init; } = new() { MinArea = 0.35 };

    /// <summary>
    /// Pixels by which the image is shifted at most, in every direction: the same as padding it on all sides with the
    /// mean color and cropping it at random. Common for images of 32 pixels; cannot be combined with
    /// <see cref="ResizedCrop"/>. At least 0, below the network's image size. Default 0, which turns it off.
    /// </summary>
    public int CropPadding { get; init; }

    /// <summary>Probability of mirroring an image left to right, in [0, 1]. Default 0.5.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Random operations on the cropped image; null turns them off. Default null.</summary>
    public RandAugment? RandAugment { get; init; }

    /// <summary>
    /// Brightness, contrast and saturation are each changed by a factor from 1 - this to 1 + this. From 0 to 100; 0 turns it
    /// off. As in timm, <see cref="RandAugment"/> takes its place if both are on. Default 0.
    /// </summary>
    public double ColorJitter { get; init; }

    /// <summary>
    /// Probability of replacing a box of 2 to 33 % of the image with normal noise (Zhong et al., 2017; timm's "pixel"
    /// mode), in [0, 1]. Default 0, which turns it off.
    /// </summary>
    public double RandomErasing { get; init; }

    /// <summary>
    /// How often an epoch shows each of its images, each time augmented differently (repeated augmentation, Hoffer et
    /// al., 2020, as in DeiT's sampler). The repeats of an image follow each other, and the length of an epoch does not
    /// change: it shows a random 1 / repeats of the images. At least 1. Default 1.
    /// </summary>
    public int Repeats { get; init; } = 1;

    /// <summary>
    /// Mixup (Zhang et al., 2018) blends two images and their targets with a share from Beta(alpha, alpha). From 1e-30
    /// to 1e30; 0 turns it off. Default 0; DeiT's is 0.8.
    /// </summary>
    public double MixupAlpha { get; init; }

    /// <summary>
    /// Cutmix (Yun et al., 2019) pastes a box of one image into another, its area from Beta(alpha, alpha); targets are
    /// blended by the area that was actually pasted. From 1e-30 to 1e30; 0 turns it off. Default 0; DeiT's is 1.
    /// </summary>
    public double CutmixAlpha { get; init; }

    /// <summary>Probability that a batch is mixed at all, in [0, 1]. Default 1.</summary>
    public double MixProbability { get; init; } = 1;

    /// <summary>Probability of cutmix rather than mixup if both are on, in [0, 1]. Default 0.5.</summary>
    public double MixSwitchProbability { get; init; } = 0.5;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        ResizedCrop?.Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(CropPadding);
        if (CropPadding > 0 && ResizedCrop is not null)
        {
            throw new ArgumentException(
                $"{nameof(CropPadding)} {CropPadding} cannot be combined with {nameof(ResizedCrop)}: set one of them.");
        }

        ThrowUnlessProbability(HorizontalFlip, nameof(HorizontalFlip));
        RandAugment?.Validate();
        if (!(ColorJitter is >= 0 and <= MaxColorJitter))
        {
            throw new ArgumentOutOfRangeException(nameof(ColorJitter), ColorJitter, $"A number in [0, {MaxColorJitter}] is needed.");
        }

        ThrowUnlessProbability(RandomErasing, nameof(RandomErasing));
        ArgumentOutOfRangeException.ThrowIfLessThan(Repeats, 1);
        ThrowUnlessAlpha(MixupAlpha, nameof(MixupAlpha));
        ThrowUnlessAlpha(CutmixAlpha, nameof(CutmixAlpha));
        ThrowUnlessProbability(MixProbability, nameof(MixProbability));
        ThrowUnlessProbability(MixSwitchProbability, nameof(MixSwitchProbability));
    }

    private static void ThrowUnlessProbability(double value, string name)
    {
        if (!(value is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(name, value, "A probability in [0, 1] is needed.");
        }
    }

    /// <summary>With far smaller or far greater values, the distribution would not give numbers.</summary>
    private static void ThrowUnlessAlpha(double value, string name)
    {
        if (!(value is 0 or (>= 1e-30 and <= 1e30)))
        {
            throw new ArgumentOutOfRangeException(name, value, "0 or a number from 1e-30 to 1e30 is needed.");
        }
    }
}
