namespace RePaViT;

/// <summary>
/// What the feed-forward layers of a channel-idle network normalize; a is the input of a layer. Vanilla networks always
/// have layer normalization.
/// </summary>
public enum FeedForwardNorm
{
    /// <summary>
    /// As in the paper: batch normalization of a, and of the hidden channels after the activation. Both become part of
    /// the deployed matrices, and so does the shortcut: y = GELU(a Win' + bin) Wout' + a M' + b.
    /// </summary>
    BatchNorm,

    /// <summary>
    /// Layer normalization of a alone, n = LN(a), as in vanilla networks; if those have group normalization, it is that
    /// instead. It stays in the deployed network, as does the shortcut: y = a + GELU(n Win' + bin) Wout' + n M' + b,
    /// the same number of multiply-adds. It does not depend on the batch, so batches may be small.
    /// </summary>
    LayerNorm,

    /// <summary>No normalization at all: deployed as with batch normalization, and hard to train in large networks.</summary>
    None,
}
