namespace RePaViT.Networks;

/// <summary>How far a network is from its training form.</summary>
internal enum NetworkStage
{
    /// <summary>As the optimizer sees it. It takes normalized samples.</summary>
    Trained,

    /// <summary>With every channel-idle feed-forward layer merged. It takes normalized samples.</summary>
    Merged,

    /// <summary>
    /// With everything else folded that is linear, whether merged or not: the normalization of the input, so that it
    /// takes samples from 0 to 255, and the affine part and the scale of attention.
    /// </summary>
    Folded,
}
