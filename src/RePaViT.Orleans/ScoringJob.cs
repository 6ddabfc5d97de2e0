namespace RePaViT;

/// <summary>A list of image files to score, and the folder for the results.</summary>
[GenerateSerializer, Immutable, Alias("repavit.job")]
public sealed record ScoringJob
{
    private const int GreatestPart = 1_000_000;

    /// <summary>
    /// A text file in UTF-8 with the path of an image on each line; empty lines are ignored. Paths are relative to its folder, and every
    /// silo must find the list and the images under the same names. It must not change before the job ends. Give its full path.
    /// </summary>
    [Id(0)]
    public required string ImageList { get; init; }

    /// <summary>
    /// The folder of the results, which every silo must find under the same name. It is created if it does not exist, and must be empty.
    /// Give its full path. At the end it contains <see cref="ScoringProgress.ResultFile"/>.
    /// </summary>
    [Id(1)]
    public required string OutputFolder { get; init; }

    /// <summary>
    /// The number of images in a part, from 1 to 1000000. A part is what a silo does at a time, and what is lost when it dies: parts
    /// should take minutes, so that their overhead does not matter. Default 1000.
    /// </summary>
    [Id(2)]
    public int ImagesPerPart { get; init; } = 1000;

    /// <summary>
    /// How often a part is tried, at least 1: if a part has failed, or its silo has died, that many times, the job fails. Default 5.
    /// </summary>
    [Id(3)]
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        ThrowUnlessFull(ImageList, nameof(ImageList));
        ThrowUnlessFull(OutputFolder, nameof(OutputFolder));
        Guard.ThrowUnless(ImagesPerPart is >= 1 and <= GreatestPart, ImagesPerPart, $"a number in [1, {GreatestPart}]");
        Guard.ThrowUnless(MaxAttempts >= 1, MaxAttempts, "a number of at least 1");
    }

    private static void ThrowUnlessFull(string path, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, name);
        Guard.ThrowUnless(Path.IsPathFullyQualified(path), $"'{path}'", "a full path, since silos have folders of their own,", name);
    }
}
