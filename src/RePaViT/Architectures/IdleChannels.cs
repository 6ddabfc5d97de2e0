namespace RePaViT;

/// <summary>
/// How many hidden channels of each block are idle, in every family by the same rules: what <see cref="Active"/>
/// leaves or, without it, a ratio. With neither, the network is vanilla.
/// </summary>
/// <param name="Ratio">Share of idle channels, in [0, 1]; null for none.</param>
/// <param name="Heuristic">How the ratio is spread over the blocks.</param>
/// <param name="Active">Active channels of each block; null to let the ratio decide.</param>
internal readonly record struct IdleChannels(double? Ratio, IdleHeuristic Heuristic, IntegerList? Active)
{
    // ceil(hidden * (1 - theta)), but 144 * (1 - 2/3) is 48 and a rounding error, which must not count as 49.
    private const double RoundingSlack = 1e-9;

    public bool IsVanilla => Ratio is null && Active is null;

    /// <summary>Hidden channels of a block that pass through the activation.</summary>
    /// <param name="block">The block, counted from 0.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="hidden">All hidden channels of the block.</param>
    public int ActiveOf(int block, int blocks, int hidden)
    {
        if (Active is not null)
        {
            return Active[block];
        }

        if (Ratio is not double ratio)
        {
            return hidden;
        }

        double idle = Heuristic switch
        {
            IdleHeuristic.Linear when block == blocks - 1 => 0,
            IdleHeuristic.Linear => 2 * ratio - 1 + (2 - 2 * ratio) / (blocks - 1) * (block + 1),
            _ => ratio,
        };
        double active = hidden * (1 - Math.Clamp(idle, 0, 1));
        return (int)Math.Ceiling(active * (1 - RoundingSlack));
    }

    /// <param name="blocks">Number of blocks.</param>
    /// <param name="hiddenOf">All hidden channels of a block.</param>
    /// <exception cref="ArgumentException">A part has a value that no network can have; the message names it.</exception>
    public void Validate(int blocks, Func<int, int> hiddenOf)
    {
        if (Ratio is double ratio && !(ratio is >= 0 and <= 1))
        {
            throw new ArgumentException($"{nameof(Architecture.IdleRatio)} {ratio} is outside [0, 1].");
        }

        if (!Enum.IsDefined(Heuristic))
        {
            throw new ArgumentException($"{nameof(Architecture.IdleHeuristic)} {Heuristic} is not known.");
        }

        if (Active is not null && Active.Count != blocks)
        {
            throw new ArgumentException(
                $"{nameof(Architecture.ActiveChannels)} has {Active.Count} numbers, but the network has {blocks} blocks.");
        }

        for (int block = 0; block < Active?.Count; block++)
        {
            int hidden = hiddenOf(block);
            if (Active[block] < 0 || Active[block] > hidden)
            {
                throw new ArgumentException($"{nameof(Architecture.ActiveChannels)} {Active[block]} is outside [0, {hidden}].");
            }
        }
    }
}
