namespace RePaViT.Cluster.Parts;

/// <summary>A silo no longer works on a part.</summary>
/// <param name="Part">Its number.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Errors">Images with an error for a result.</param>
/// <param name="Message">What failed.</param>
[GenerateSerializer, Immutable, Alias("repavit.part-end")]
internal sealed record PartEnd(int Part, PartOutcome Outcome, int Errors, string? Message);
