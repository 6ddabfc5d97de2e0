namespace RePaViT.Import;

/// <summary>Which feed-forward layers files have, and how many of their channels are idle.</summary>
/// <param name="Form">Whether they are reparameterized.</param>
/// <param name="Ratio">Share of idle channels; null for a vanilla network, or where <see cref="Active"/> says it.</param>
internal sealed record IdleShapes(NetworkForm Form, double? Ratio)
{
    // Of no consequence where each block says what is active.
    private const double DefaultRatio = 0.75;

    private static readonly IdleShapes Vanilla = new(NetworkForm.Trained, Ratio: null);

    /// <summary>How the ratio is spread.</summary>
    public IdleHeuristic Heuristic { get; init; }

    /// <summary>Active channels of each block, where they are not what the ratio gives; otherwise null.</summary>
    public IntegerList? Active { get; init; }

    /// <summary>What is normalized.</summary>
    public FeedForwardNorm Norm { get; init; }

    /// <summary>In which structure they are trained.</summary>
    public FeedForwardStructure Structure { get; init; }

    /// <summary>Whether a layer has hidden channels, not a matrix in place of idle ones.</summary>
    public static bool HasHidden(PretrainedContext context, string layer)
        => context.Source.Has($"{layer}.fc2.weight") && !context.Source.Has($"{layer}.fc3.weight");

    /// <param name="context">What is known.</param>
    /// <param name="layers">The prefix of each block's feed-forward layer.</param>
    /// <param name="hiddenOf">Hidden channels of a block.</param>
    /// <param name="roundsDown">Whether the reference rounds active channels down, as it does in PoolFormers only.</param>
    public static IdleShapes Infer(PretrainedContext context, IReadOnlyList<string> layers, Func<int, int> hiddenOf, bool roundsDown = false)
    {
        FeedForwardNorm norm = NormOf(context.Source, layers[0]);
        if (!HasHidden(context, layers[0]))
        {
            return Merged(context.Source, layers, norm);
        }

        if (!context.Source.Table.HasIdleChannels)
        {
            return context.Options.IdleRatio is null
                ? Vanilla
                : throw context.Refusal($"{nameof(PretrainedOptions.IdleRatio)} is given although none of its channels are idle");
        }

        // Vanilla layers have the same shapes.
        if (norm == FeedForwardNorm.LayerNorm && context.Options.IdleRatio is null && context.Settings.GetValueOrDefault("channel_idle") is not true)
        {
            return Vanilla;
        }

        double ratio = context.Options.IdleRatio ?? RatioOf(context);
        IdleHeuristic heuristic = context.Settings.GetValueOrDefault("heuristic") is "linear" ? IdleHeuristic.Linear : IdleHeuristic.Static;
        return new IdleShapes(NetworkForm.Trained, ratio)
        {
            Heuristic = heuristic,
            Active = ReferenceRounding(ratio, heuristic, layers.Count, hiddenOf, roundsDown),
            Norm = norm,
        };
    }

    /// <summary>The network with such layers.</summary>
    public PretrainedArchitecture Of(Architecture architecture) => new(
        architecture with
        {
            IdleRatio = Ratio, IdleHeuristic = Heuristic, ActiveChannels = Active, FeedForwardNorm = Norm, FeedForwardStructure = Structure,
        },
        Form);

    /// <summary>PoolFormer's layer normalization is called as batch normalization is elsewhere.</summary>
    private static FeedForwardNorm NormOf(NamedSource source, string layer)
        => source.Has($"{layer}.norm1.running_var") ? FeedForwardNorm.BatchNorm
            : source.Has($"{layer}.norm.weight") || source.Has($"{layer}.norm1.weight") ? FeedForwardNorm.LayerNorm
            : FeedForwardNorm.None;

    /// <summary>Layers with a matrix in place of idle channels: deployed, unless batch normalization is still to be folded.</summary>
    private static IdleShapes Merged(NamedSource source, IReadOnlyList<string> layers, FeedForwardNorm norm)
    {
        int[] active = [.. layers.Select(layer => source.ShapeOf($"{layer}.fc3.weight") is [_, int columns, ..] ? columns : 0)];
        bool isTrained = norm == FeedForwardNorm.BatchNorm;
        return new IdleShapes(isTrained ? NetworkForm.Trained : NetworkForm.Deployed, DefaultRatio)
        {
            Active = IntegerList.Create(active),
            Norm = norm == FeedForwardNorm.LayerNorm ? norm : FeedForwardNorm.BatchNorm,
            Structure = isTrained ? FeedForwardStructure.Merged : FeedForwardStructure.ChannelIdle,
        };
    }

    private static double RatioOf(PretrainedContext context) => context.Settings.GetValueOrDefault("idle_ratio") switch
    {
        _ when context.Settings.GetValueOrDefault("channel_idle") is false => 0,
        double ratio and >= 0 and <= 1 => ratio,
        long ratio and (0 or 1) => ratio,
        _ => throw context.Refusal(
            $"no shape and no argument in the file gives the share of its idle channels: {nameof(PretrainedOptions.IdleRatio)} is needed"),
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
