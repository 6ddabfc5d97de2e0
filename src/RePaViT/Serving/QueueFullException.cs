namespace RePaViT;

/// <summary>A request was refused because the queue is full.</summary>
public sealed class QueueFullException : Exception
{
    /// <summary>An exception without details.</summary>
    public QueueFullException()
        : this("The queue is full.")
    {
    }

    /// <param name="message">What happened.</param>
    public QueueFullException(string message)
        : base(message)
    {
    }

    /// <param name="message">What happened.</param>
    /// <param name="innerException">Why.</param>
    public QueueFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
