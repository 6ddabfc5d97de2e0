using System.Globalization;

namespace RePaViT;

/// <summary>The progress of transfer learning.</summary>
public sealed record TransferProgress
{
    /// <summary>What is being done.</summary>
    public required TransferStep Step { get; init; }

    /// <summary>The share of the step that is done, from 0 to 1.</summary>
    public required double Done { get; init; }

    /// <summary>The report of the training run; null in other steps.</summary>
    public TrainingProgress? Training { get; init; }

    /// <summary>One line.</summary>
    public override string ToString()
        => Training?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"{Step}: {100 * Done:F0}%");
}
