namespace RePaViT;

/// <summary>What is wrong with a job.</summary>
public enum ScoringJobError
{
    /// <summary>There is no job of that name.</summary>
    NotFound,

    /// <summary>There is a different job of that name.</summary>
    NameTaken,

    /// <summary>Its list cannot be read, or its folder cannot be used.</summary>
    Refused,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,
}
