namespace RePaViT.Cluster.Parts;

/// <summary>What became of a part.</summary>
internal enum PartOutcome
{
    /// <summary>Its results are stored.</summary>
    Done,

    /// <summary>Something failed that is not the fault of an image.</summary>
    Failed,

    /// <summary>The silo gave it back, because it ends.</summary>
    Returned,
}
