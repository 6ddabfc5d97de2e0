using System.Runtime.CompilerServices;

namespace RePaViT;

/// <summary>How the blocks of a network are spread over its stages, in every family that has stages by the same rules.</summary>
internal static class StageDepths
{
    private const int MaxStages = 16;
    private const int MaxBlocks = 1024;

    /// <summary>Blocks of all stages. A record prints its properties, also those of a network that is refused.</summary>
    public static int BlockCount(IntegerList depths) => (int)Math.Min(int.MaxValue, depths.Sum(depth => (long)depth));

    /// <summary>The stage of a block, both counted from 0.</summary>
    public static int StageOf(int block, IntegerList depths)
    {
        int stage = 0;
        for (int rest = block; rest >= depths[stage]; stage++)
        {
            rest -= depths[stage];
        }

        return stage;
    }

    /// <summary>Checks the number of stages, their blocks, and that another list has a number for each stage.</summary>
    /// <exception cref="ArgumentException">They have values that no network can have; the message names them.</exception>
    public static void Validate(
        IntegerList depths,
        IntegerList perStage,
        [CallerArgumentExpression(nameof(depths))] string depthsName = "",
        [CallerArgumentExpression(nameof(perStage))] string perStageName = "")
    {
        ArgumentNullException.ThrowIfNull(depths, depthsName);
        ArgumentNullException.ThrowIfNull(perStage, perStageName);
        Architecture.ThrowUnlessInRange(depths.Count, 1, MaxStages, $"The number of {depthsName}");
        if (perStage.Count != depths.Count)
        {
            throw new ArgumentException($"{perStageName} has {perStage.Count} numbers, but {depthsName} has {depths.Count}.");
        }

        foreach (int depth in depths)
        {
            Architecture.ThrowUnlessInRange(depth, 1, MaxBlocks, depthsName);
        }

        Architecture.ThrowUnlessInRange(BlockCount(depths), 1, MaxBlocks, $"The sum of {depthsName}");
    }
}
