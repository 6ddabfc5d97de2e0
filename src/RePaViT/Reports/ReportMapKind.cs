namespace RePaViT;

/// <summary>How <see cref="ReportMistake.Map"/> was made.</summary>
public enum ReportMapKind
{
    /// <summary>
    /// Attention rollout: the share that each patch contributes to the classified tokens, through attention and shortcuts (arXiv
    /// 2005.00928).
    /// </summary>
    AttentionRollout,

    /// <summary>Patch occlusion: how far the answer's probability falls when a square is covered with the mean color (arXiv 1311.2901).</summary>
    Occlusion,
}
