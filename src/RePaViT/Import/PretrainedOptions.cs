namespace RePaViT;

/// <summary>
/// What <see cref="RePaViTModel.LoadPretrained(string, PretrainedOptions?)"/> is told of a file beside what stands in it. What is
/// set here counts more than what files beside it say.
/// </summary>
public sealed record PretrainedOptions
{
    /// <summary>
    /// The name under which the weights stand in a file that holds several, such as <c>model_ema</c>; empty for those of the file
    /// itself. Default null: <c>model</c>, <c>state_dict</c>, those of the file itself, or the only ones that there are.
    /// </summary>
    public string? Section { get; init; }

    /// <summary>Attention heads per block, which no shape tells in a ViT. Default null: as the file beside it says, or as usual for the width.</summary>
    public int? Heads { get; init; }

    /// <summary>
    /// Width and height of the images that the network is to take, in pixels. Where the file is for another size, positions are
    /// resampled for this one, as the project it is from does: bicubic, in timm's files with antialias, in Hugging Face's without.
    /// A Mixer takes no other size. Default null: what shapes tell; where they do not, as the file beside it says, or as usual.
    /// </summary>
    public int? ImageSize { get; init; }

    /// <summary>
    /// Width and height of the windows of a Swin transformer, in tokens. Tables of relative positions are resampled for another
    /// window than the file's, and for one that is cut down to a smaller image, as timm does. Default null: the file's.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>What keeps normalizations finite. Default null: as the file beside it says, or as usual for where it is from.</summary>
    public double? NormEpsilon { get; init; }

    /// <summary>
    /// What feed-forward layers of a ViT apply, which no shape tells. Default null: as the file beside it says, or GELU; CLIP's
    /// image towers need one of both, for some have the one and some the other.
    /// </summary>
    public FeedForwardActivation? FeedForwardActivation { get; init; }

    /// <summary>
    /// Share of idle channels of a channel-idle network in training form, in [0, 1], which no shape tells. Default null: as the
    /// arguments that the file holds say.
    /// </summary>
    public double? IdleRatio { get; init; }

    /// <summary>
    /// A name for each class. If they are not as many as the file has, the head starts anew. Default null: as the file beside it
    /// says, or numbers from 0.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>How images are prepared. Default null: as the file beside it says, or as usual for where it is from.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Is told what was found in the file, and what was not, once the model is there. Default null: nobody is.</summary>
    public Action<PretrainedReport>? Report { get; init; }
}
