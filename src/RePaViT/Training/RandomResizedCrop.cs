namespace RePaViT;

/// <summary>
/// A box of random area, aspect ratio and position (Szegedy et al., 2015), as torchvision's RandomResizedCrop draws it:
/// the area uniformly, the aspect ratio uniformly in its logarithm.
/// </summary>
public sealed record RandomResizedCrop
{
    /// <summary>Least area of the box, as a share of the image's, in (0, <see cref="MaxArea"/>]. Default 0.08.</summary>
    public double MinArea { get; init; } = 0.08;

    /// <summary>Greatest area of the box, as a share of the image's, in [<see cref="MinArea"/>, 1]. Default 1.</summary>
    public double MaxArea { get; init; } = 1;

    /// <summary>Least ratio of width to height, in (0, <see cref="MaxAspectRatio"/>]. Default 3/4.</summary>
    public double MinAspectRatio { get; init; } = 3.0 / 4;

    /// <summary>Greatest ratio of width to height, at least <see cref="MinAspectRatio"/>. Default 4/3.</summary>
    public double MaxAspectRatio { get; init; } = 4.0 / 3;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        if (!(MinArea > 0 && MinArea <= MaxArea && MaxArea <= 1))
        {
            throw new ArgumentException(
                $"{nameof(MinArea)} {MinArea} to {nameof(MaxArea)} {MaxArea} is not accepted: a range in (0, 1] is needed.");
        }

        if (!(MinAspectRatio > 0 && MinAspectRatio <= MaxAspectRatio && double.IsFinite(MaxAspectRatio)))
        {
            throw new ArgumentException(
                $"{nameof(MinAspectRatio)} {MinAspectRatio} to {nameof(MaxAspectRatio)} {MaxAspectRatio} is not accepted: "
                + "a range of positive numbers is needed.");
        }
    }
}
