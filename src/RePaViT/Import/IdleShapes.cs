namespace RePaViT.Import;

/// <summary>Which feed-forward layers the RePaViT reference's files have, and how many of their channels are idle.</summary>
/// <param name="Form">Whether they are reparameterized.</param>
/// <param name="Ratio">Share of idle channels; null for a vanilla network, or where <paramref name="Active"/> says it.</param>
/// <param name="Heuristic">How it is spread.</param>
/// <param name="Active">Active channels of each block, where they are not what the ratio gives; otherwise null.</param>
internal sealed record IdleShapes(NetworkForm Form, double? Ratio, IdleHeuristic Heuristic, IntegerList? Active)
{
    private const double DefaultRatio = 0.75;

    /// <param name="context">What is known.</param>
    /// <param name="layers">The prefix of each block's feed-forward layer.</param>
    /// <param name="hiddenOf">Hidden channels of a block.</param>
    /// <param name="roundsDown">Whether the reference rounds active channels down, as it does in PoolFormers only.</param>
    public static IdleShapes Infer(PretrainedContext context, IReadOnlyList<string> layers, Func<int, int> hiddenOf, bool roundsDown = false)
    {
        NamedSource source = context.Source;
        if (source.Has($"{layers[0]}.norm.weight") || source.Has($"{layers[0]}.norm1.weight") && !source.Has($"{layers[0]}.norm2.weight"))
        {
            // PoolFormer's vanilla layers have a first normalization only.
            return new IdleShapes(NetworkForm.Trained, null, IdleHeuristic.Static, null);
        }

        if (!source.Has($"{layers[0]}.norm1.weight"))
        {
            int[] active = [.. layers.Select(layer => source.ShapeOf($"{layer}.fc3.weight") is [_, int columns, ..] ? columns : 0)];
            return new IdleShapes(NetworkForm.Deployed, DefaultRatio, IdleHeuristic.Static, IntegerList.Create(active));
        }

        if (!source.Has($"{layers[0]}.norm1.running_var"))
        {
            throw context.Refusal("its feed-forward layers have another normalization than batch normalization, which is not read");
        }

        double ratio = context.Options.IdleRatio ?? RatioOf(context);
        IdleHeuristic heuristic = context.Settings.GetValueOrDefault("heuristic") is "linear" ? IdleHeuristic.Linear : IdleHeuristic.Static;
        return new IdleShapes(NetworkForm.Trained, ratio, heuristic, ReferenceRounding(ratio, heuristic, layers.Count, hiddenOf, roundsDown));
    }

    private static double RatioOf(PretrainedContext context) => context.Settings.GetValueOrDefault("idle_ratio") switch
    {
        _ when context.Settings.GetValueOrDefault("channel_idle") is false => 0,
        double ratio and >= 0 and <= 1 => ratio,
        long ratio and (0 or 1) => ratio,
        _ => throw context.Refusal(
            $"no shape and no argument in the file tells the share of its idle channels: {nameof(PretrainedOptions.IdleRatio)} is needed"),
    };

    /// <summary>The reference rounds in floating point, which sometimes gives one channel more or less.</summary>
    private static IntegerList? ReferenceRounding(
        double ratio, IdleHeuristic heuristic, int blocks, Func<int, int> hiddenOf, bool roundsDown)
    {
        if (heuristic != IdleHeuristic.Static || !(ratio is >= 0 and <= 1))
        {
            return null;
        }

        var exact = new IdleChannels(ratio, heuristic, null);
        int[] rounded =
        [
            .. Enumerable.Range(0, blocks).Select(block => hiddenOf(block) * (1 - ratio))
                .Select(active => (int)(roundsDown ? active : Math.Ceiling(active))),
        ];
        return rounded.Where((active, block) => active != exact.ActiveOf(block, blocks, hiddenOf(block))).Any() ? IntegerList.Create(rounded) : null;
    }
}
