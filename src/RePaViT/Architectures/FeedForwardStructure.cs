namespace RePaViT;

/// <summary>
/// The structure in which the feed-forward layers of a channel-idle network are trained. All are deployed in the same form.
/// </summary>
public enum FeedForwardStructure
{
    /// <summary>With all hidden channels, of which only some pass through the activation; they are merged at deployment.</summary>
    ChannelIdle,

    /// <summary>
    /// As they are deployed, with one matrix in place of the idle channels: fewer parameters, but usually a less accurate
    /// network (RePaViT, arXiv 2505.21847, table 5: "Training RePa", with batch normalization or, as "BatchNorm RePa",
    /// none).
    /// </summary>
    Merged,
}
