namespace RePaViT;

/// <summary>A list of image files, and where what a model says of them goes.</summary>
[GenerateSerializer, Immutable, Alias("repavit.job")]
public sealed record ScoringJob
{
    private const int GreatestPart = 1_000_000;

    /// <summary>
    /// A text file in UTF-8 with the path of an image on each line; empty lines do not count. Paths are relative to its folder, and every
    /// silo must find the list and the images under the same names. It must not change before the job ends. The full path.
    /// </summary>
    [Id(0)]
    public required string ImageList { get; init; }

    /// <summary>
    /// The folder of the results, which every silo must find under the same name. It is made if it is not there, and must be empty. The full
    /// path. <see cref="ScoringProgress.ResultFile"/> lies in it at the end.
    /// </summary>
    [Id(1)]
    public required string OutputFolder { get; init; }

    /// <summary>
    /// The images of a part, from 1 to 1000000. A part is what a silo does at a time, and what is lost when it dies: minutes of work are
    /// right, so that what each part costs besides does not count. Default 1000.
    /// </summary>
    [Id(2)]
    public int ImagesPerPart { get; init; } = 1000;

    /// <summary>
    /// How often a part is begun, at least 1: a part that failed, or whose silo died, that many times ends the job. Default 5.
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
        Guard.ThrowUnless(MaxAttempts >= 1, MaxAttempts, "a number from 1 on");
    }

    private static void ThrowUnlessFull(string path, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path, name);
        Guard.ThrowUnless(Path.IsPathFullyQualified(path), $"'{path}'", "a full path, since silos have folders of their own,", name);
    }
}
