namespace RePaViT.Training;

/// <summary>What of <see cref="Distillation"/> the outcome of a run depends on.</summary>
internal sealed record DistillationDescription
{
    /// <summary>What teaches, by a hash of the model or of what was given.</summary>
    public required string Teacher { get; init; }

    public required TeacherOutput Output { get; init; }

    public required double Weight { get; init; }

    /// <summary>Null for features, which have none.</summary>
    public required double? Temperature { get; init; }
}
