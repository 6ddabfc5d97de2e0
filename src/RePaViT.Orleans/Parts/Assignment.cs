namespace RePaViT.Cluster.Parts;

/// <summary>What a job says to a silo.</summary>
/// <param name="IsRunning">False where nothing is left to do: what the silo still works on is of no use.</param>
/// <param name="Parts">What it works on from now on.</param>
/// <param name="Message">Why it gets nothing; null if there is no reason to know.</param>
[GenerateSerializer, Immutable, Alias("repavit.assignment")]
internal sealed record Assignment(bool IsRunning, PartWork[] Parts, string? Message);
