namespace RePaViT;

/// <summary>How a channel-idle network comes about.</summary>
public enum ChannelIdleMethod
{
    /// <summary>
    /// What does better as a rule: <see cref="Convert"/> where training begins with random weights or a vanilla network,
    /// <see cref="Train"/> where it continues from a channel-idle one. Also <see cref="Train"/> for a vanilla network, for
    /// <see cref="FeedForwardStructure.Merged"/>, and for fewer than 5 images with random weights.
    /// </summary>
    Auto,

    /// <summary>Its channels are idle from the first step on, as in the paper.</summary>
    Train,

    /// <summary>
    /// The vanilla network of the same architecture is trained, and at the end converted
    /// (<see cref="ConversionExtensions.ToChannelIdle(RePaViTModel, IImageDataset, ConversionOptions, IProgress{ConversionProgress}, CancellationToken)"/>)
    /// by its training images. Layer normalization stays, unless the architecture asks for <see cref="FeedForwardNorm.None"/>.
    /// </summary>
    Convert,
}
