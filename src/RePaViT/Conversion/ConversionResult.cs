namespace RePaViT;

/// <summary>A converted network, and how close it is to the original.</summary>
/// <param name="Model">The channel-idle network in deployed form.</param>
/// <param name="Report">What was measured.</param>
public sealed record ConversionResult(RePaViTModel Model, ConversionReport Report);

/// <summary>How close a converted network is to the original. All of it is measured on the calibration images.</summary>
public sealed record ConversionReport
{
    internal ConversionReport()
    {
    }

    /// <summary>The result for each block.</summary>
    public required IReadOnlyList<BlockConversion> Blocks { get; init; }

    /// <summary>
    /// Images that the weights were fitted to: those that were not held out, up to 30 tokens for each unknown of the largest
    /// block's regression.
    /// </summary>
    public required int Images { get; init; }

    /// <summary>Images that were held out: a fifth.</summary>
    public required int HeldOutImages { get; init; }

    /// <summary>
    /// Share of the fitted images that keep the class that the original gives them, 0 to 1. A network with one class, such as
    /// <see cref="ClipModel.ImageTower"/>, always has 1.
    /// </summary>
    public required double Agreement { get; init; }

    /// <summary>The same share of the held-out images: what to expect for new images.</summary>
    public required double HeldOutAgreement { get; init; }

    /// <summary>
    /// Mean cosine between the embeddings (the output <c>embedding</c>) that both networks compute for a held-out image, -1 to 1: what to
    /// expect for new images. Null if the network has no such output.
    /// </summary>
    public required double? HeldOutCosine { get; init; }

    /// <summary>The same cosine of the held-out image whose embedding changed most; null if the network has no such output.</summary>
    public required double? LeastHeldOutCosine { get; init; }

    /// <summary>The largest difference of any probability of any image, 0 to 1.</summary>
    public required double LargestDifference { get; init; }

    /// <summary>What the original costs.</summary>
    public required NetworkCost CostBefore { get; init; }

    /// <summary>What the converted network costs.</summary>
    public required NetworkCost CostAfter { get; init; }

    /// <summary>Prepared images per second that the original classified, measured on this machine.</summary>
    public required double ImagesPerSecondBefore { get; init; }

    /// <summary>Prepared images per second that the converted network classified, measured on this machine.</summary>
    public required double ImagesPerSecondAfter { get; init; }
}

/// <summary>The result of converting a block.</summary>
/// <param name="ActiveChannels">Hidden channels that still pass through the activation.</param>
/// <param name="HiddenChannels">All hidden channels of the original.</param>
/// <param name="Error">
/// Root mean square of the difference between both networks' outputs of the block, relative to that of the original's output:
/// what this block and those before it have lost together.
/// </param>
public sealed record BlockConversion(int ActiveChannels, int HiddenChannels, double Error);
