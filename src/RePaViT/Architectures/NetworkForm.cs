namespace RePaViT;

/// <summary>The form of a network: as it is trained, or as it is deployed.</summary>
public enum NetworkForm
{
    /// <summary>
    /// Every layer as the optimizer sees it: batch normalization and all hidden channels of every feed-forward layer.
    /// A vanilla architecture has only this form.
    /// </summary>
    Trained,

    /// <summary>
    /// Structurally reparameterized: batch normalization folded away, idle channels and shortcut merged into one
    /// matrix per block. The same function with fewer weights (RePaViT, section 3.2).
    /// </summary>
    Deployed,
}
