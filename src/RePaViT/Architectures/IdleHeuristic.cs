namespace RePaViT;

/// <summary>How the idle ratio is spread over the blocks of a network.</summary>
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

/// <summary>From ratios to numbers of channels.</summary>
internal static class IdleChannels
{
    // ceil(hidden * (1 - theta)), but 144 * (1 - 2/3) is 48 and a rounding error, which must not count as 49.
    private const double RoundingSlack = 1e-9;

    /// <summary>Hidden channels of a block that pass through the activation.</summary>
    /// <param name="heuristic">How the ratio is spread.</param>
    /// <param name="hidden">All of them.</param>
    /// <param name="ratio">The network's idle ratio, in [0, 1].</param>
    /// <param name="block">The block, counted from 0.</param>
    /// <param name="blocks">Number of blocks.</param>
    public static int ActiveChannels(this IdleHeuristic heuristic, int hidden, double ratio, int block, int blocks)
    {
        double idle = heuristic switch
        {
            IdleHeuristic.Linear when block == blocks - 1 => 0,
            IdleHeuristic.Linear => 2 * ratio - 1 + (2 - 2 * ratio) / (blocks - 1) * (block + 1),
            _ => ratio,
        };
        double active = hidden * (1 - Math.Clamp(idle, 0, 1));
        return (int)Math.Ceiling(active * (1 - RoundingSlack));
    }
}
