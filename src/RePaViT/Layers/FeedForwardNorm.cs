namespace RePaViT;

/// <summary>
/// What the feed-forward layers of a channel-idle network normalize, a being what enters one. Vanilla networks have layer
/// normalization, whatever is chosen.
/// </summary>
public enum FeedForwardNorm
{
    /// <summary>
    /// As in the paper: batch normalization of a, and of the hidden channels after the activation. Both are part of the
    /// deployed matrices, and so is the shortcut: y = GELU(a Win' + bin) Wout' + a M' + b.
    /// </summary>
    BatchNorm,

    /// <summary>
    /// Layer normalization of a alone, n = LN(a), as in vanilla networks; where those have group normalization, that. It
    /// stays in the deployed network with the shortcut beside it: y = a + GELU(n Win' + bin) Wout' + n M' + b, as many
    /// multiply-adds. No batch has a part in it, so batches may be small.
    /// </summary>
    LayerNorm,

    /// <summary>No normalization at all: deployed as with batch normalization, and hard to train where networks are large.</summary>
    None,
}
