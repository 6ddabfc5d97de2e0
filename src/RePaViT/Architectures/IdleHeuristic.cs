namespace RePaViT;

/// <summary>How the idle ratio is distributed over the blocks of a network.</summary>
public enum IdleHeuristic
{
    /// <summary>Every block has the same idle ratio.</summary>
    Static,

    /// <summary>
    /// The ratio of block i of D (0-based, i &lt; D-1) is (2t-1) + (2-2t)/(D-1)*(i+1) for a network-wide ratio t,
    /// limited to [0, 1]; the last block has no idle channels.
    /// </summary>
    Linear,
}
