namespace RePaViT;

/// <summary>
/// What <see cref="RePaViTModel.LoadPretrained(string, PretrainedOptions?)"/> should know about a file that is not in it. Values
/// set here take precedence over those in configuration files beside it.
/// </summary>
public sealed record PretrainedOptions
{
    /// <summary>
    /// The name of the set of weights to use in a file that holds several, such as <c>model_ema</c>; empty for the top level of
    /// the file. Default null: <c>model</c>, <c>state_dict</c>, the top level, or the only set that there is.
    /// </summary>
    public string? Section { get; init; }

    /// <summary>
    /// Attention heads per block, which a ViT's shapes do not show. Default null: as the configuration file says, or as usual for the
    /// width.
    /// </summary>
    public int? Heads { get; init; }

    /// <summary>
    /// Attention heads per block of the text tower of a <see cref="ClipModel"/>; nothing else has one. Default null: as the configuration
    /// file says, or one for each 64 channels.
    /// </summary>
    public int? TextHeads { get; init; }

    /// <summary>
    /// Width and height of the images that the network should take, in pixels. If the file is for another size, positions are
    /// resampled for this one, as in the project that it comes from: bicubic, with antialiasing for timm's files, without for
    /// Hugging Face's. A Mixer accepts no other size. Default null: what the shapes show; if they do not, as the configuration
    /// file says, or as usual.
    /// </summary>
    public int? ImageSize { get; init; }

    /// <summary>
    /// Width and height of the windows of a Swin transformer, in tokens. Tables of relative positions are resampled for a
    /// window other than the file's, and for one that is reduced to fit a smaller image, as timm does. Default null: the
    /// file's.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>The epsilon of normalizations. Default null: as the configuration file says, or as usual for the file's source.</summary>
    public double? NormEpsilon { get; init; }

    /// <summary>
    /// The activation of a ViT's feed-forward layers, which shapes do not show. Default null: as the configuration file says,
    /// or GELU. CLIP's image towers need one of the two sources, because some have one activation and some the other.
    /// </summary>
    public FeedForwardActivation? FeedForwardActivation { get; init; }

    /// <summary>
    /// Share of idle channels of a channel-idle network in training form, in [0, 1], which shapes do not show. Default null: as
    /// in the training arguments that the file holds.
    /// </summary>
    public double? IdleRatio { get; init; }

    /// <summary>
    /// A name for each class. If their number is not that of the file's classes, the head is initialized at random. Default
    /// null: as the configuration file says, or numbers from 0.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>How images are prepared. Default null: as the configuration file says, or as usual for the file's source.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Receives what was found in the file, and what was not, once the model is loaded. Default null.</summary>
    public Action<PretrainedReport>? Report { get; init; }
}
