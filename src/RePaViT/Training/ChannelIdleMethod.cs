namespace RePaViT;

/// <summary>How a network becomes channel-idle.</summary>
public enum ChannelIdleMethod
{
    /// <summary>
    /// What is usually better: <see cref="Convert"/> if training starts from random weights or a vanilla network,
    /// <see cref="Train"/> if it continues from a channel-idle one. Also <see cref="Train"/> if the network to train is
    /// vanilla, for <see cref="FeedForwardStructure.Merged"/>, and for fewer than 5 images with random weights.
    /// </summary>
    Auto,

    /// <summary>Its channels are idle from the first step, as in the paper.</summary>
    Train,

    /// <summary>
    /// The vanilla network of the same architecture is trained, and at the end converted
    /// (<see cref="ConversionExtensions.ToChannelIdle(RePaViTModel, IImageDataset, ConversionOptions, IProgress{ConversionProgress}, CancellationToken)"/>)
    /// with its training images. Layer normalization stays, unless the architecture has <see cref="FeedForwardNorm.None"/>.
    /// </summary>
    Convert,
}
