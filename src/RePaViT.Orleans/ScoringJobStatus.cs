namespace RePaViT;

/// <summary>Where a job stands.</summary>
public enum ScoringJobStatus
{
    /// <summary>Silos work on it, or wait until there are some.</summary>
    Running,

    /// <summary>All images have a result.</summary>
    Completed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>It cannot be done; the message says why.</summary>
    Failed,
}
