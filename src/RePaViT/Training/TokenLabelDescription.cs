namespace RePaViT.Training;

/// <summary>What of <see cref="TokenLabels"/> the outcome of a run depends on.</summary>
internal sealed record TokenLabelDescription
{
    /// <summary>What the labels are, by a hash of the file or the teacher.</summary>
    public required string Labels { get; init; }

    public required double ClassWeight { get; init; }

    public required double TokenWeight { get; init; }

    public required double LabelShare { get; init; }

    public required bool MixToken { get; init; }
}
