namespace RePaViT;

/// <summary>How <see cref="BatchingScorer"/> gathers requests.</summary>
public sealed record BatchingOptions
{
    private const int GreatestBatch = 4096;

    /// <summary>The most images of a batch, from 1 to 4096. Default 32.</summary>
    public int MaxBatchSize { get; init; } = 32;

    /// <summary>
    /// How long the first request of a batch waits for company, at least zero. While a batch is computed the next ones gather by
    /// themselves: waiting makes larger batches of few requests, and costs each as much time. Default: zero.
    /// </summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.Zero;

    /// <summary>Requests that may be unanswered at once, at least 1; more are refused. Each holds a prepared image. Default 256.</summary>
    public int QueueCapacity { get; init; } = 256;

    /// <summary>Time within which a request is answered, above zero: afterwards it fails, and if it still waits, it is not computed. Null for any. Default null.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>What tells the time. Default: the system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    internal void Validate()
    {
        Guard.ThrowUnless(MaxBatchSize is >= 1 and <= GreatestBatch, MaxBatchSize, $"a number in [1, {GreatestBatch}]");
        Guard.ThrowUnless(MaxWait >= TimeSpan.Zero, MaxWait, "zero or more");
        Guard.ThrowUnless(QueueCapacity >= 1, QueueCapacity, "a number from 1 on");
        Guard.ThrowUnless(Deadline is null || Deadline > TimeSpan.Zero, Deadline, "a time above zero, or null");
        ArgumentNullException.ThrowIfNull(TimeProvider);
    }
}
