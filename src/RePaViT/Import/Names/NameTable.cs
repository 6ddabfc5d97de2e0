using RePaViT.Import.Resampling;

namespace RePaViT.Import.Names;

/// <summary>How a project names the tensors of a family of networks, and what it leaves unsaid in its files.</summary>
internal sealed record NameTable
{
    /// <summary>The project and the family, for instance "timm ViT".</summary>
    public required string Source { get; init; }

    /// <summary>What makes the architecture out of shapes.</summary>
    public required NetworkFamily Family { get; init; }

    /// <summary>Tensors, under the other's names, that every such file has.</summary>
    public required IReadOnlyList<string> Has { get; init; }

    /// <summary>Tensors that no such file has.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = [];

    /// <summary>What may stand before every name.</summary>
    public string OptionalPrefix { get; init; } = "";

    /// <summary>The names. The first row whose tensors are in the file counts.</summary>
    public required IReadOnlyList<NameRow> Rows { get; init; }

    /// <summary>
    /// Factors of each output of a linear module, under our name of the module: they are multiplied into its weight and bias.
    /// </summary>
    public IReadOnlyList<NameRow> Scales { get; init; } = [];

    /// <summary>Beginnings of names, without the prefix, of tensors that the answer does not depend on.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    /// <summary>Whether networks may have idle channels.</summary>
    public bool HasIdleChannels { get; init; }

    /// <summary>Whether the head projects images into a space, without a bias, and gives no classes.</summary>
    public bool HasProjection { get; init; }

    /// <summary>
    /// What feed-forward layers apply, where no file beside it says so; null where there is nothing usual, so that it has to be
    /// asked for.
    /// </summary>
    public FeedForwardActivation? Activation { get; init; } = FeedForwardActivation.Gelu;

    /// <summary>The same of TorchScript archives, where the publisher of those is known by them; otherwise null.</summary>
    public FeedForwardActivation? ScriptActivation { get; init; }

    /// <summary>How positions become those of another image size.</summary>
    public PositionFilter PositionFilter { get; init; }

    /// <summary>What keeps normalizations finite, where no file beside it says so; null for this library's default.</summary>
    public double? NormEpsilon { get; init; }

    /// <summary>The names of one of our tensors, one row after the other; those of one that is in parts, one part after the other.</summary>
    public IEnumerable<string> TranslationsOf(string tensor)
        => Rows.Select(row => row.Translate(tensor)).OfType<string[]>().SelectMany(names => names);

    /// <summary>How images are prepared, where no file beside it says so.</summary>
    public required ImagePreprocessing Preprocessing { get; init; }
}

/// <summary>The families of networks that files are read into.</summary>
internal enum NetworkFamily
{
    ViT,
    Swin,
    Mixer,
    PoolFormer,
    LVViT,

    /// <summary>No network for images, but the tower of texts beside one.</summary>
    ClipText,
}
