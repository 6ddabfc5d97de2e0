using RePaViT.IO;

namespace RePaViT.Import;

/// <summary>What is known of a network while it is read.</summary>
/// <param name="Path">Its file, for messages.</param>
/// <param name="Source">Its tensors.</param>
/// <param name="Settings">Arguments of the training run, if the file holds them.</param>
/// <param name="IsTorchScript">Whether the file holds a program with its weights, of which only those are read.</param>
/// <param name="Options">What was requested.</param>
/// <param name="Configuration">What files beside it say.</param>
internal sealed record PretrainedContext(
    string Path,
    NamedSource Source,
    IReadOnlyDictionary<string, object?> Settings,
    bool IsTorchScript,
    PretrainedOptions Options,
    PretrainedConfiguration Configuration)
{
    // Beyond the blocks that any network may have.
    private const int MaxBlocks = 1024;

    /// <summary>Heads by width, in ViT, DeiT, DINOv2, CLIP, MAE and LV-ViT alike.</summary>
    private static readonly Dictionary<int, int> UsualHeads = new() { [192] = 3, [384] = 6, [512] = 8, [768] = 12, [1024] = 16, [1280] = 16 };

    /// <summary>What nothing said, and was assumed to be as usual.</summary>
    public List<string> Assumptions { get; } = [];

    /// <summary>Tensors of ours that were resampled for another image size.</summary>
    public List<string> Resampled { get; } = [];

    /// <summary>The sizes of a tensor of ours. Sizes of 1 in front say nothing, and may be missing.</summary>
    /// <exception cref="InvalidDataException">It does not exist, or has another number of dimensions.</exception>
    public int[] ShapeOf(string name, int dimensions)
    {
        int[] shape = WithDimensions(Source.ShapeOf(name) ?? throw Missing(name), dimensions);
        return shape.Length == dimensions && !shape.Contains(0)
            ? shape
            : throw Refusal($"tensor '{name}' has shape [{Excerpt.OfList(shape)}], but {dimensions} sizes above 0 are needed");
    }

    /// <summary>The sizes, with enough sizes of 1 before them to make the number of dimensions.</summary>
    public static int[] WithDimensions(int[] shape, int dimensions)
        => [.. Enumerable.Repeat(1, Math.Max(0, dimensions - shape.Length)), .. shape];

    /// <summary>The number of blocks: those that have a given tensor.</summary>
    /// <param name="tensor">The name of that tensor, by number.</param>
    public int CountBlocks(Func<int, string> tensor)
    {
        int count = 0;
        while (count <= MaxBlocks && Source.Has(tensor(count)))
        {
            count++;
        }

        return count is > 0 and <= MaxBlocks ? count : throw Refusal($"it has no blocks, or more than {MaxBlocks}");
    }

    /// <summary>Classes of the head; null if there is no head.</summary>
    public int? FindClasses() => Source.ShapeOf("head.weight") is [> 0 and int classes, ..] ? classes : null;

    /// <summary>What feed-forward layers apply, as was requested or as files beside the weights say; null where none does.</summary>
    public FeedForwardActivation? FindActivation() => Options.FeedForwardActivation ?? Configuration.Activation switch
    {
        null => null,
        PretrainedConfiguration.Gelu => FeedForwardActivation.Gelu,
        PretrainedConfiguration.QuickGelu => FeedForwardActivation.QuickGelu,
        string other => throw Refusal(
            $"its activation is '{Excerpt.Of(other)}', while only '{PretrainedConfiguration.Gelu}' and "
                + $"'{PretrainedConfiguration.QuickGelu}' are supported"),
    };

    /// <summary>What feed-forward layers apply: as was requested, as files beside the weights say, or as usual.</summary>
    /// <exception cref="InvalidDataException">Nothing says which.</exception>
    public FeedForwardActivation RequireActivation()
    {
        if (FindActivation() is FeedForwardActivation known)
        {
            return known;
        }

        if (IsTorchScript && Source.Table.ScriptActivation is FeedForwardActivation published)
        {
            Assumptions.Add($"Feed-forward layers apply {published}, as in all TorchScript archives under such names.");
            return published;
        }

        return Source.Table.Activation ?? throw Refusal(
            "some networks like it apply GELU, and some its approximation by a sigmoid, and nothing says which: a configuration file "
            + $"beside it, or {nameof(PretrainedOptions.FeedForwardActivation)}, is needed");
    }

    /// <summary>Attention heads: as was requested, as files beside the weights say, or as usual.</summary>
    public int FindHeads(int dim)
    {
        if ((Options.Heads ?? Configuration.Heads) is int heads)
        {
            return heads;
        }

        if (UsualHeads.TryGetValue(dim, out int usual))
        {
            Assumptions.Add($"{usual} attention heads, as usual for {dim} channels.");
            return usual;
        }

        throw Refusal($"nothing gives the number of attention heads for its {dim} channels: {nameof(PretrainedOptions.Heads)} is needed");
    }

    /// <summary>Hidden channels per channel.</summary>
    public double FindRatio(string hiddenWeight, int dim)
    {
        int hidden = ShapeOf(hiddenWeight, Source.ShapeOf(hiddenWeight)?.Length ?? 2)[0];
        double ratio = (double)hidden / dim;
        return (int)(dim * ratio) == hidden ? ratio : Math.BitIncrement(ratio);
    }

    /// <summary>What refuses the file.</summary>
    public InvalidDataException Refusal(string reason) => new($"{Path}: it is read as {Source.Table.Source}, but {reason}.");

    /// <summary>The message that a tensor of ours is missing.</summary>
    public InvalidDataException Missing(string name) => Refusal(
        Source.UnreadableType(name) is string type
            ? $"tensor '{name}' is a '{Excerpt.Of(type)}', which cannot be read without running its code"
            : $"tensor '{name}' ({Excerpt.OfList(Source.TheirNames(name))}) is missing");
}
