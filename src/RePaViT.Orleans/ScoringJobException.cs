namespace RePaViT;

/// <summary>A job cannot be done, or does not exist.</summary>
[GenerateSerializer, Alias("repavit.error")]
public sealed class ScoringJobException : Exception
{
    /// <summary>A job that failed, without details.</summary>
    public ScoringJobException()
        : this("The job failed.")
    {
    }

    /// <summary>A job that failed.</summary>
    /// <param name="message">What happened.</param>
    public ScoringJobException(string message)
        : this(ScoringJobError.Failed, message)
    {
    }

    /// <summary>A job that failed.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">Why.</param>
    public ScoringJobException(string message, Exception innerException)
        : base(message, innerException)
        => Error = ScoringJobError.Failed;

    /// <param name="error">What is wrong.</param>
    /// <param name="message">The same in words.</param>
    public ScoringJobException(ScoringJobError error, string message)
        : base(message)
        => Error = error;

    /// <summary>What is wrong.</summary>
    [Id(0)]
    public ScoringJobError Error { get; }
}
