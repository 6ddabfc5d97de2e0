namespace RePaViT;

/// <summary>How a silo scores.</summary>
public sealed record ScoringSiloOptions
{
    private const int GreatestBatch = 4096;

    /// <summary>Decodes image files.</summary>
    public required ImageDecoder Decoder { get; init; }

    /// <summary>
    /// The model, an ONNX file of this library, opened when the silo starts. Null for the <see cref="RePaViTModel"/> that is registered as a
    /// service: one on a GPU, or of an ML.NET model. All silos of a job need the same one.
    /// </summary>
    public string? ModelPath { get; init; }

    /// <summary>
    /// The number of parts in progress at once, from 1 to 64: while one waits for its files, another computes. Default 2.
    /// </summary>
    public int PartsInFlight { get; init; } = 2;

    /// <summary>The largest number of images computed together, from 1 to 4096. Default 32.</summary>
    public int MaxBatchSize { get; init; } = 32;

    /// <summary>The largest size of an image file in bytes, at least 1: the result of a larger one is an error. Default 2^26.</summary>
    public int MaxImageBytes { get; init; } = 1 << 26;

    /// <summary>
    /// How often the silo asks for work, above zero; also how long a joining silo or a cancellation takes to have effect. Default: one
    /// second.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Decoder);
        Guard.ThrowUnless(PartsInFlight is >= 1 and <= 64, PartsInFlight, "a number in [1, 64]");
        Guard.ThrowUnless(MaxBatchSize is >= 1 and <= GreatestBatch, MaxBatchSize, $"a number in [1, {GreatestBatch}]");
        Guard.ThrowUnless(MaxImageBytes >= 1, MaxImageBytes, "a number of at least 1");
        Guard.ThrowUnless(PollInterval > TimeSpan.Zero, PollInterval, "a time above zero");
    }
}
