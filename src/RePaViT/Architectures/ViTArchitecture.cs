using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using RePaViT.Architectures;

namespace RePaViT;

/// <summary>
/// A vision transformer with a class token (ViT, DeiT), vanilla or channel-idle. Every block is
/// <c>a = x + Proj(MHSA(LN(x)))</c> followed by a feed-forward layer in which only some hidden channels pass through
/// the activation (RePaViT, arXiv 2505.21847, section 3).
/// </summary>
public sealed record ViTArchitecture : Architecture
{
    // The reference implementation's values; weights trained there only fit with the same.
    private const float AttentionNormEpsilon = 1e-5f;
    private const float FeedForwardNormEpsilon = 1e-5f;
    private const float OuterNormEpsilon = 1e-6f;

    // A million tokens, far beyond what attention can be paid to.
    private const int MaxPatchesPerSide = 1024;

    /// <summary>RePa-DeiT-Tiny: 5.7 million parameters in training, 3.5 million deployed.</summary>
    public static ViTArchitecture Tiny { get; } = new() { Dim = 192, Depth = 12, Heads = 3 };

    /// <summary>RePa-DeiT-Small: 22.1 million parameters in training, 13.2 million deployed.</summary>
    public static ViTArchitecture Small { get; } = new() { Dim = 384, Depth = 12, Heads = 6 };

    /// <summary>RePa-DeiT-Base: 86.6 million parameters in training, 51.1 million deployed.</summary>
    public static ViTArchitecture Base { get; } = new() { Dim = 768, Depth = 12, Heads = 12 };

    /// <summary>RePa-ViT-Large: 304.5 million parameters in training, 178.4 million deployed.</summary>
    public static ViTArchitecture Large { get; } = new() { Dim = 1024, Depth = 24, Heads = 16 };

    /// <summary>RePa-ViT-Huge: 632.5 million parameters in training, 369.9 million deployed.</summary>
    public static ViTArchitecture Huge { get; } = new() { Dim = 1280, Depth = 32, Heads = 16 };

    /// <summary>The presets by name, smallest first.</summary>
    public static IReadOnlyList<KeyValuePair<string, ViTArchitecture>> Presets { get; } =
    [
        new(nameof(Tiny), Tiny),
        new(nameof(Small), Small),
        new(nameof(Base), Base),
        new(nameof(Large), Large),
        new(nameof(Huge), Huge),
    ];

    /// <summary>The preset of a name.</summary>
    /// <param name="name">A name of <see cref="Presets"/>, in any case.</param>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static ViTArchitecture Preset(string name)
    {
        foreach ((string key, ViTArchitecture preset) in Presets)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                return preset;
            }
        }

        throw new ArgumentException(
            $"There is no preset '{name}'; accepted are {string.Join(", ", Presets.Select(preset => preset.Key))}.", nameof(name));
    }

    /// <summary>Width and height of a patch, in pixels; divides the image size. Default 16.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels of a token (C); a multiple of <see cref="Heads"/>.</summary>
    public required int Dim { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Attention heads per block.</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden channels of a feed-forward layer for each channel of a token (rho). Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>How <see cref="Architecture.IdleRatio"/> is spread over the blocks. Default: the same in each.</summary>
    public IdleHeuristic IdleHeuristic { get; init; } = IdleHeuristic.Static;

    /// <summary>
    /// Active channels of each block, in place of what <see cref="Architecture.IdleRatio"/> and <see cref="IdleHeuristic"/> give;
    /// null to let those decide. Useful for weights whose ratio was rounded differently.
    /// </summary>
    public ActiveChannels? ActiveChannels { get; init; }

    /// <summary>Whether this is a plain transformer without idle channels.</summary>
    [JsonIgnore]
    public bool IsVanilla => IdleRatio is null && ActiveChannels is null;

    /// <summary>Hidden channels of a feed-forward layer.</summary>
    [JsonIgnore]
    public int Hidden => (int)(Dim * MlpRatio);

    /// <summary>Tokens of an image: its patches and the class token.</summary>
    [JsonIgnore]
    public int Tokens => PatchesPerSide * PatchesPerSide + 1;

    // A record prints its properties, also those of a network that Validate will refuse.
    private int PatchesPerSide => PatchSize == 0 ? 0 : ImageSize / PatchSize;

    /// <summary>Hidden channels of a block that pass through the activation (k).</summary>
    /// <param name="block">The block, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public int ActiveChannelsOf(int block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, Depth);
        if (ActiveChannels is not null)
        {
            return ActiveChannels[block];
        }

        if (IdleRatio is not double ratio)
        {
            return Hidden;
        }

        double idle = IdleHeuristic switch
        {
            IdleHeuristic.Linear when block == Depth - 1 => 0,
            IdleHeuristic.Linear => 2 * ratio - 1 + (2 - 2 * ratio) / (Depth - 1) * (block + 1),
            _ => ratio,
        };

        // ceil(hidden * (1 - theta)), but 144 * (1 - 2/3) is 48 and a rounding error, which must not count as 49.
        const double RoundingSlack = 1e-9;
        double active = Hidden * (1 - Math.Clamp(idle, 0, 1));
        return (int)Math.Ceiling(active * (1 - RoundingSlack));
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        ThrowUnlessInRange(ImageSize, 1, 16384);
        ThrowUnlessInRange(PatchSize, 1, ImageSize);
        ThrowUnlessInRange(Classes, 1, 1 << 24);
        ThrowUnlessInRange(Dim, 1, 1 << 16);
        ThrowUnlessInRange(Depth, 1, 1024);
        ThrowUnlessInRange(Heads, 1, Dim);
        if (ImageSize % PatchSize != 0)
        {
            throw new ArgumentException($"{nameof(ImageSize)} {ImageSize} is not a multiple of {nameof(PatchSize)} {PatchSize}.");
        }

        if (Dim % Heads != 0)
        {
            throw new ArgumentException($"{nameof(Dim)} {Dim} is not a multiple of {nameof(Heads)} {Heads}.");
        }

        if (!(MlpRatio * Dim >= 1 && MlpRatio <= 64))
        {
            throw new ArgumentException(
                $"{nameof(MlpRatio)} {MlpRatio} is not accepted: it must give at least one hidden channel and be at most 64.");
        }

        if (PatchesPerSide > MaxPatchesPerSide)
        {
            throw new ArgumentException(
                $"{nameof(ImageSize)} {ImageSize} with {nameof(PatchSize)} {PatchSize} is not accepted: "
                + $"an image has at most {MaxPatchesPerSide} x {MaxPatchesPerSide} patches.");
        }

        ThrowUnlessTensor((long)Channels * PatchSize * PatchSize * Dim, nameof(PatchSize), PatchSize);
        ThrowUnlessTensor((long)Tokens * Dim, nameof(Tokens), Tokens);
        ThrowUnlessTensor(3L * Dim * Dim, nameof(Dim), Dim);
        ThrowUnlessTensor((long)Hidden * Dim, nameof(Hidden), Hidden);
        ThrowUnlessTensor((long)Classes * Dim, nameof(Classes), Classes);
        if (IdleRatio is double ratio && !(ratio is >= 0 and <= 1))
        {
            throw new ArgumentException($"{nameof(IdleRatio)} {ratio} is outside [0, 1].");
        }

        if (!Enum.IsDefined(IdleHeuristic))
        {
            throw new ArgumentException($"{nameof(IdleHeuristic)} {IdleHeuristic} is not known.");
        }

        if (ActiveChannels is null)
        {
            return;
        }

        if (ActiveChannels.Count != Depth)
        {
            throw new ArgumentException(
                $"{nameof(ActiveChannels)} has {ActiveChannels.Count} numbers, but the network has {Depth} blocks.");
        }

        foreach (int channels in ActiveChannels)
        {
            if (channels < 0 || channels > Hidden)
            {
                throw new ArgumentException($"{nameof(ActiveChannels)} {channels} is outside [0, {Hidden}].");
            }
        }
    }

    internal override IReadOnlyList<Layer> Layers(NetworkForm form)
    {
        var layers = new List<Layer>
        {
            new PatchEmbedding("patch_embed.proj", ImageSize, PatchSize, Channels, Dim, Bias: false),
            new TokenEmbedding("cls_token", "pos_embed", Tokens, Dim),
            new LayerNormalization("norm_pre", Dim, OuterNormEpsilon),
        };
        for (int block = 0; block < Depth; block++)
        {
            layers.Add(new AttentionBlock(
                $"blocks.{block}.attn", block, Tokens, Dim, Heads, AttentionNormEpsilon, Folded: false));
            layers.Add(FeedForward($"blocks.{block}.mlp", block, form));
        }

        layers.Add(new ClassTokenPooling(Tokens, Dim));
        layers.Add(new LayerNormalization("norm", Dim, OuterNormEpsilon));
        layers.Add(new Projection("head", 1, Dim, Classes));
        return layers;
    }

    private Layer FeedForward(string name, int block, NetworkForm form)
    {
        if (IsVanilla)
        {
            return new VanillaFeedForward(name, block, Tokens, Dim, Hidden, FeedForwardNormEpsilon);
        }

        int active = ActiveChannelsOf(block);
        return form == NetworkForm.Deployed
            ? new ReparameterizedFeedForward(name, block, Tokens, Dim, active)
            : new ChannelIdleFeedForward(name, block, Tokens, Dim, Hidden, active, FeedForwardNormEpsilon);
    }

    /// <summary>Refuses what no array can hold. Sums over all layers stay far from overflow, too.</summary>
    private void ThrowUnlessTensor(long length, string name, int value)
    {
        if (length > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{name} {value} with {nameof(Dim)} {Dim} is not accepted: "
                + $"it makes a tensor of {length} values, and {Array.MaxLength} are the most that one can have.");
        }
    }

    private static void ThrowUnlessInRange(
        int value, int low, int high, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < low || value > high)
        {
            throw new ArgumentException($"{name} {value} is outside [{low}, {high}].");
        }
    }
}
