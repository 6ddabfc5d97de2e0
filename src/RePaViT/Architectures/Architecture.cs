using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// The structure of a network, apart from its weights: a value that can be compared, changed with <c>with</c> and stored as JSON.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "family")]
[JsonDerivedType(typeof(ViTArchitecture), "vit")]
[JsonDerivedType(typeof(MixerArchitecture), "mixer")]
[JsonDerivedType(typeof(SwinArchitecture), "swin")]
[JsonDerivedType(typeof(PoolFormerArchitecture), "poolformer")]
[JsonDerivedType(typeof(LVViTArchitecture), "lvvit")]
public abstract record Architecture
{
    /// <summary>Color channels of the input: red, green, blue.</summary>
    internal const int Channels = 3;

    /// <summary>The greatest number of classes.</summary>
    internal const int MaxClasses = 1 << 24;

    /// <summary>The greatest width and height of an image, in pixels.</summary>
    private protected const int MaxImageSize = 16384;

    /// <summary>The presets of all families by name, smallest first in each.</summary>
    public static IReadOnlyList<KeyValuePair<string, Architecture>> Presets =>
    [
        new("Tiny", ViTArchitecture.Tiny),
        new("Small", ViTArchitecture.Small),
        new("Base", ViTArchitecture.Base),
        new("Large", ViTArchitecture.Large),
        new("Huge", ViTArchitecture.Huge),
        new("Mixer-S32", MixerArchitecture.S32),
        new("Mixer-S16", MixerArchitecture.S16),
        new("Mixer-B32", MixerArchitecture.B32),
        new("Mixer-B16", MixerArchitecture.B16),
        new("Mixer-L32", MixerArchitecture.L32),
        new("Mixer-L16", MixerArchitecture.L16),
        new("Swin-Tiny", SwinArchitecture.Tiny),
        new("Swin-Small", SwinArchitecture.Small),
        new("Swin-Base", SwinArchitecture.Base),
        new("PoolFormer-S12", PoolFormerArchitecture.S12),
        new("PoolFormer-S24", PoolFormerArchitecture.S24),
        new("PoolFormer-S36", PoolFormerArchitecture.S36),
        new("PoolFormer-M36", PoolFormerArchitecture.M36),
        new("PoolFormer-M48", PoolFormerArchitecture.M48),
        new("LV-ViT-S", LVViTArchitecture.S),
        new("LV-ViT-M", LVViTArchitecture.M),
    ];

    /// <summary>The preset with a name.</summary>
    /// <param name="name">A name of <see cref="Presets"/>, in any case.</param>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Architecture Preset(string name)
    {
        foreach ((string key, Architecture preset) in Presets)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                return preset;
            }
        }

        throw new ArgumentException(
            $"There is no preset '{name}'; the presets are {string.Join(", ", Presets.Select(preset => preset.Key))}.", nameof(name));
    }

    /// <summary>How <see cref="IdleRatio"/> is distributed over the blocks. Default: the same in each.</summary>
    public IdleHeuristic IdleHeuristic { get; init; } = IdleHeuristic.Static;

    /// <summary>
    /// Active channels of each block, overriding <see cref="IdleRatio"/> and <see cref="IdleHeuristic"/>; null to let those
    /// decide. For different ratios in each block, and for weights whose ratio was rounded differently.
    /// </summary>
    public IntegerList? ActiveChannels { get; init; }

    /// <summary>Width and height of the input image, in pixels. Default 224.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Number of classes, the length of the logits. Default 1000.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>
    /// Share of hidden channels that skip the activation (theta), in [0, 1]; null for a vanilla network, which always
    /// has layer normalization, regardless of <see cref="FeedForwardNorm"/>, and cannot be reparameterized. Default
    /// 0.75.
    /// </summary>
    public double? IdleRatio { get; init; } = 0.75;

    /// <summary>What feed-forward layers normalize. Default: batch normalization, as in the paper.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FeedForwardNorm FeedForwardNorm { get; init; }

    /// <summary>The structure in which feed-forward layers are trained. Default: with idle channels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FeedForwardStructure FeedForwardStructure { get; init; }

    /// <summary>Whether this is a plain network without idle channels.</summary>
    [JsonIgnore]
    public bool IsVanilla => Idleness.IsVanilla;

    private IdleChannels Idleness => new(IdleRatio, IdleHeuristic, ActiveChannels);

    /// <summary>Number of blocks, each with a feed-forward layer.</summary>
    [JsonIgnore]
    public abstract int BlockCount { get; }

    /// <summary>Hidden channels of a block's feed-forward layer.</summary>
    /// <param name="block">The block, counted from 0.</param>
    public abstract int HiddenChannelsOf(int block);

    /// <summary>Hidden channels of a block that pass through the activation (k).</summary>
    /// <param name="block">The block, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public int ActiveChannelsOf(int block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, BlockCount);
        return Idleness.ActiveOf(block, BlockCount, HiddenChannelsOf(block));
    }

    /// <summary>Counts parameters and multiply-adds exactly, for one image.</summary>
    /// <param name="form">The form to count.</param>
    /// <exception cref="ArgumentException">A property has a value that no network can have, or the form is not known.</exception>
    public NetworkCost Cost(NetworkForm form)
    {
        Validate();
        if (!Enum.IsDefined(form))
        {
            throw new ArgumentOutOfRangeException(nameof(form), form, "Trained or Deployed is needed.");
        }

        IReadOnlyList<Node> nodes = new NetworkGraph(Layers(form)).Graph.Nodes;
        return new NetworkCost(
            nodes.SelectMany(node => node.Operator.Tensors).Where(tensor => tensor.IsTrained).Sum(tensor => tensor.Length),
            nodes.Sum(node => node.Operator.WeightMultiplyAdds(node.Input.Shape)),
            nodes.Sum(node => node.Operator.AttentionMultiplyAdds(node.Input.Shape)));
    }

    /// <summary>Checks every property against the others.</summary>
    /// <exception cref="ArgumentException">A property has a value that no network can have; the message names it.</exception>
    public virtual void Validate()
    {
        ThrowUnlessInRange(ImageSize, 1, MaxImageSize);
        ThrowUnlessInRange(Classes, 1, MaxClasses);
    }

    /// <summary>The layers in the order in which they run, with their outputs. Call <see cref="Validate"/> first.</summary>
    internal abstract NetworkLayout Layout(NetworkForm form);

    /// <summary>The layers in the order in which they run. Call <see cref="Validate"/> first.</summary>
    internal IReadOnlyList<Layer> Layers(NetworkForm form) => Layout(form).Layers;

    /// <summary>The same network with the idle channels and the feed-forward normalization of another.</summary>
    internal Architecture WithIdleChannelsOf(Architecture other) => this with
    {
        IdleRatio = other.IdleRatio,
        IdleHeuristic = other.IdleHeuristic,
        ActiveChannels = other.ActiveChannels,
        FeedForwardNorm = other.FeedForwardNorm,
    };

    /// <summary>The network with weights that come from outside, not folded.</summary>
    /// <exception cref="ArgumentException">
    /// The architecture is not valid, the weights are not its weights, or a value is not a finite number.
    /// </exception>
    internal Network CreateNetwork(NetworkForm form, NamedTensors weights)
    {
        Validate();
        NetworkLayout layout = Layout(form);
        Network.ThrowUnlessUsable(weights, layout.Layers);
        return new Network(layout, weights, form == NetworkForm.Deployed ? NetworkStage.Merged : NetworkStage.Trained);
    }

    /// <summary>The network in training form, with weights to start training from.</summary>
    /// <param name="seed">The seed from which they are drawn.</param>
    internal Network CreateNetwork(ulong seed)
        => CreateNetwork(NetworkForm.Trained, WeightInitializer.Create(Layers(NetworkForm.Trained), seed));

    /// <summary>The feed-forward layer of a block: vanilla, in training form or reparameterized.</summary>
    /// <param name="name">Prefix of its tensors.</param>
    /// <param name="block">The block, counted from 0.</param>
    /// <param name="tokens">Tokens of an image.</param>
    /// <param name="dim">Channels of a token.</param>
    /// <param name="form">The form of the network.</param>
    /// <param name="epsilon">The epsilon of its normalizations.</param>
    /// <param name="dropPath">The position of its branch in the network.</param>
    /// <param name="isOfMap">Whether it is one of a convolutional network; see <see cref="VanillaFeedForward.IsOfMap"/>.</param>
    /// <param name="scaleStart">The initial scale of each channel; null for none.</param>
    /// <param name="branchScale">What its branch is multiplied by in addition.</param>
    /// <param name="activation">What hidden channels pass through.</param>
    private protected Layer FeedForward(
        string name, int block, int tokens, int dim, NetworkForm form, float epsilon, DropPathPosition dropPath,
        bool isOfMap = false, float? scaleStart = null, float branchScale = 1,
        ActivationKind activation = ActivationKind.Gelu)
    {
        int hidden = HiddenChannelsOf(block);
        if (IsVanilla)
        {
            return new VanillaFeedForward(name, tokens, dim, hidden, epsilon, dropPath)
            {
                IsOfMap = isOfMap, ScaleStart = scaleStart, BranchScale = branchScale, Activation = activation,
            };
        }

        int active = ActiveChannelsOf(block);
        TrainedFeedForward trained = FeedForwardStructure == FeedForwardStructure.Merged
            ? new CompactFeedForward(name, tokens, dim, active, epsilon, dropPath)
            : new ChannelIdleFeedForward(name, tokens, dim, hidden, active, epsilon, dropPath);
        trained = trained with
        {
            Norm = FeedForwardNorm, IsOfMap = isOfMap, ScaleStart = scaleStart, BranchScale = branchScale, Activation = activation,
        };
        return form == NetworkForm.Deployed ? trained.Deployed : trained;
    }

    /// <summary>Checks the idleness of the blocks; their hidden channels must be valid.</summary>
    private protected void ValidateIdleness()
    {
        Idleness.Validate(BlockCount, HiddenChannelsOf);
        ThrowUnlessKnown(FeedForwardNorm);
        ThrowUnlessKnown(FeedForwardStructure);
        if (IsVanilla && FeedForwardStructure == FeedForwardStructure.Merged)
        {
            throw new ArgumentException(
                $"{nameof(FeedForwardStructure)} {FeedForwardStructure} needs {nameof(IdleRatio)} or {nameof(ActiveChannels)}: "
                + "a vanilla network has nothing to merge.");
        }
    }

    private protected static void ThrowUnlessKnown<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentException($"{name} {value} is not known.");
        }
    }

    /// <summary>Refuses a patch size that does not divide the image size, or that gives far too many patches.</summary>
    private protected void ThrowUnlessCut(int patchSize, int maxPerSide)
    {
        ThrowUnlessInRange(patchSize, 1, ImageSize, "PatchSize");
        if (ImageSize % patchSize != 0)
        {
            throw new ArgumentException($"{nameof(ImageSize)} {ImageSize} is not a multiple of PatchSize {patchSize}.");
        }

        if (ImageSize / patchSize > maxPerSide)
        {
            throw new ArgumentException(
                $"{nameof(ImageSize)} {ImageSize} with PatchSize {patchSize} is not accepted: "
                + $"an image has at most {maxPerSide} x {maxPerSide} patches.");
        }
    }

    /// <summary>Refuses attention heads that do not share the channels of a token evenly.</summary>
    private protected static void ThrowUnlessHeads(int heads, int dim)
    {
        ThrowUnlessInRange(heads, 1, dim, "Heads");
        if (dim % heads != 0)
        {
            throw new ArgumentException($"Dim {dim} is not a multiple of Heads {heads}.");
        }
    }

    /// <summary>Refuses a ratio that gives no hidden channels, or far too many.</summary>
    private protected static void ThrowUnlessRatio(double ratio, int dim, string name)
    {
        if (!(ratio * dim >= 1 && ratio <= 64))
        {
            throw new ArgumentException($"{name} {ratio} is not accepted: it must give at least one hidden channel and be at most 64.");
        }
    }

    /// <summary>Refuses tensors that no array can hold. This also keeps sums over all layers far from overflow.</summary>
    private protected static void ThrowUnlessTensor(long length, string name, int value, int dim)
    {
        if (length > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{name} {value} with Dim {dim} is not accepted: "
                + $"it makes a tensor of {length} values, but one can have at most {Array.MaxLength}.");
        }
    }

    internal static void ThrowUnlessInRange(
        int value, int low, int high, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < low || value > high)
        {
            throw new ArgumentException($"{name} {value} is outside [{low}, {high}].");
        }
    }
}
