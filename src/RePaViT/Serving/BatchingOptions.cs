namespace RePaViT;

/// <summary>How <see cref="BatchingScorer"/> gathers requests.</summary>
public sealed record BatchingOptions
{
    private const int GreatestBatch = 4096;

    // Far beyond what anybody waits for, and far below what timers can measure.
    private static readonly TimeSpan _longest = TimeSpan.FromDays(1);

    /// <summary>The largest number of images in a batch, from 1 to 4096. Default 32.</summary>
    public int MaxBatchSize { get; init; } = 32;

    /// <summary>
    /// How long the first request of a batch waits for others, from zero to a day. While a batch is computed, the next requests
    /// gather anyway: waiting makes batches larger when there are few requests, and delays each by as much. Default: zero.
    /// </summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// The largest number of unanswered requests, at least 1; more are refused. Each holds a prepared image. Default 256.
    /// </summary>
    public int QueueCapacity { get; init; } = 256;

    /// <summary>
    /// Whether a request that finds the queue full waits for room, within its deadline. Otherwise it is refused at once, so that its
    /// client can go elsewhere. Default false.
    /// </summary>
    public bool WaitsWhenFull { get; init; }

    /// <summary>
    /// Time within which a request is answered, above zero and up to a day, if it has no deadline of its own: afterwards it fails, and
    /// if it is still waiting, it is not computed. Null for no limit. Default null.
    /// </summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    internal void Validate()
    {
        Guard.ThrowUnless(MaxBatchSize is >= 1 and <= GreatestBatch, MaxBatchSize, $"a number in [1, {GreatestBatch}]");
        Guard.ThrowUnless(MaxWait >= TimeSpan.Zero && MaxWait <= _longest, MaxWait, "a time from zero to a day");
        Guard.ThrowUnless(QueueCapacity >= 1, QueueCapacity, "a number of at least 1");
        ThrowUnlessDeadline(Deadline, nameof(Deadline));
        ArgumentNullException.ThrowIfNull(TimeProvider);
    }

    /// <exception cref="ArgumentException">No request can have so much time.</exception>
    internal static void ThrowUnlessDeadline(TimeSpan? deadline, string name)
        => Guard.ThrowUnless(
            deadline is null || (deadline > TimeSpan.Zero && deadline <= _longest), deadline, "a time above zero and up to a day, or null", name);
}
