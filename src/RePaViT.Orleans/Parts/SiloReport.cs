namespace RePaViT.Cluster.Parts;

/// <summary>What a silo says to a job.</summary>
/// <param name="Silo">Who it is.</param>
/// <param name="Model">The hash of its model.</param>
/// <param name="Held">All parts of the job that it works on.</param>
/// <param name="Ended">Those it no longer works on, until it is sure that the job knows.</param>
/// <param name="Free">How many more it takes.</param>
[GenerateSerializer, Immutable, Alias("repavit.report")]
internal sealed record SiloReport(SiloAddress Silo, string Model, int[] Held, PartEnd[] Ended, int Free);
