using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// A vision transformer with a class token (ViT, DeiT, CLIP's image tower), vanilla or channel-idle. Every block is
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
    private const int MaxRegisterTokens = 64;
    private const int MaxDim = 1 << 16;

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

    /// <summary>Hidden channels of a feed-forward layer.</summary>
    [JsonIgnore]
    public int Hidden => (int)(Dim * MlpRatio);

    /// <summary>Whether the patch embedding adds a bias, as in ViT and DeiT. Default false, as in the RePaViT reference.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool PatchBias { get; init; }

    /// <summary>
    /// Whether tokens enter the first block as they are, as in ViT and DeiT. Default false: they are normalized, as in the
    /// RePaViT reference and in CLIP.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OmitsTokenNorm { get; init; }

    /// <summary>
    /// The epsilon that keeps every normalization finite, in (0, 1]; null for the RePaViT reference's: 1e-5 within blocks and 1e-6
    /// around them. Default null.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double? NormEpsilon { get; init; }

    /// <summary>The activation of hidden channels of feed-forward layers. Default: GELU.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FeedForwardActivation FeedForwardActivation { get; init; }

    /// <summary>
    /// Tokens after the class token, or in its place, that represent no patch and are not classified, at most 64 (Darcet et al.,
    /// arXiv 2309.16588). Default 0.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int RegisterTokens { get; init; }

    /// <summary>Whether the mean of all patches is classified, and there is no class token. Default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AveragePooling { get; init; }

    /// <summary>
    /// Whether a second token with a head of its own follows the class token, and logits are the mean of both (DeiT, Touvron et
    /// al., arXiv 2012.12877, section 4). Cannot be combined with <see cref="AveragePooling"/> or <see cref="RegisterTokens"/>.
    /// Default false.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool DistillationToken { get; init; }

    /// <summary>
    /// Dimension of the space in which images and classes are compared by their angle, as in CLIP: features are projected to it without
    /// a bias and scaled to length 1, and the head, also without a bias, multiplies them by a vector for each class. The vector of an
    /// image is the output <c>embedding</c>. From 1 to 65536; cannot be combined with <see cref="DistillationToken"/>. Default null: the
    /// head reads the features.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? ProjectionDim { get; init; }

    /// <summary>Tokens of an image: its patches, and those that represent none.</summary>
    [JsonIgnore]
    public int Tokens => PatchesPerSide * PatchesPerSide + RegisterTokens + (AveragePooling ? 0 : 1) + (DistillationToken ? 1 : 0);

    // A record prints its properties, also those of a network that Validate will refuse.
    private int PatchesPerSide => PatchSize == 0 ? 0 : ImageSize / PatchSize;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int BlockCount => Depth;

    /// <inheritdoc/>
    public override int HiddenChannelsOf(int block) => Hidden;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ThrowUnlessCut(PatchSize, MaxPatchesPerSide);
        ThrowUnlessInRange(Dim, 1, MaxDim);
        ThrowUnlessInRange(Depth, 1, 1024);
        ThrowUnlessHeads(Heads, Dim);
        Guard.ThrowUnless(
            NormEpsilon is not double epsilon || ((float)epsilon > 0 && (float)epsilon <= 1), NormEpsilon, "a number above 0 and up to 1");
        ThrowUnlessKnown(FeedForwardActivation);
        ThrowUnlessInRange(RegisterTokens, 0, MaxRegisterTokens);
        if (DistillationToken && (AveragePooling || RegisterTokens > 0))
        {
            throw new ArgumentException(
                $"{nameof(DistillationToken)} cannot be combined with {nameof(AveragePooling)} or {nameof(RegisterTokens)}.");
        }

        if (ProjectionDim is int projection)
        {
            ThrowUnlessInRange(projection, 1, MaxDim, nameof(ProjectionDim));
            ThrowUnlessTensor((long)projection * Dim, nameof(ProjectionDim), projection, Dim);
            if (DistillationToken)
            {
                throw new ArgumentException($"{nameof(ProjectionDim)} cannot be combined with {nameof(DistillationToken)}.");
            }
        }

        ThrowUnlessRatio(MlpRatio, Dim, nameof(MlpRatio));
        ThrowUnlessTensor((long)Channels * PatchSize * PatchSize * Dim, nameof(PatchSize), PatchSize, Dim);
        ThrowUnlessTensor((long)Tokens * Dim, nameof(Tokens), Tokens, Dim);
        ThrowUnlessTensor(3L * Dim * Dim, nameof(Dim), Dim, Dim);
        ThrowUnlessTensor((long)Hidden * Dim, nameof(Hidden), Hidden, Dim);
        ThrowUnlessTensor((long)Classes * (ProjectionDim ?? Dim), nameof(Classes), Classes, ProjectionDim ?? Dim);
        ValidateIdleness();
    }

    internal override NetworkLayout Layout(NetworkForm form)
    {
        float attentionNormEpsilon = (float?)NormEpsilon ?? AttentionNormEpsilon;
        float feedForwardNormEpsilon = (float?)NormEpsilon ?? FeedForwardNormEpsilon;
        float outerNormEpsilon = (float?)NormEpsilon ?? OuterNormEpsilon;
        ActivationKind activation = FeedForwardActivation == FeedForwardActivation.QuickGelu ? ActivationKind.QuickGelu : ActivationKind.Gelu;
        var layers = new List<Layer>
        {
            new PatchEmbedding("patch_embed.proj", ImageSize, PatchSize, Channels, Dim, PatchBias),
            new TokenEmbedding(AveragePooling ? null : "cls_token", "pos_embed", Tokens, Dim)
            {
                DistillationToken = DistillationToken ? "dist_token" : null, Registers = RegisterTokens,
            },
        };
        if (!OmitsTokenNorm)
        {
            layers.Add(new LayerNormalization("norm_pre", Tokens, Dim, outerNormEpsilon));
        }

        for (int block = 0; block < Depth; block++)
        {
            var dropPath = new DropPathPosition(block, Depth);
            layers.Add(new AttentionBlock($"blocks.{block}.attn", Tokens, Dim, Heads, attentionNormEpsilon, dropPath));
            layers.Add(FeedForward($"blocks.{block}.mlp", block, Tokens, Dim, form, feedForwardNormEpsilon, dropPath, activation: activation));
        }

        var stage = new NetworkOutput(NetworkLayout.Stage(1), layers.Count);
        int classified = DistillationToken ? 2 : 1;
        layers.Add(AveragePooling ? new AveragePooling(Tokens, Dim) { First = RegisterTokens }
            : DistillationToken ? new TokenPairPooling(Tokens, Dim)
            : new ClassTokenPooling(Tokens, Dim));
        layers.Add(new LayerNormalization("norm", classified, Dim, outerNormEpsilon));
        var features = new NetworkOutput(NetworkLayout.Features, layers.Count, DistillationToken ? new AveragePooling(classified, Dim) : null);
        var outputs = new List<NetworkOutput> { stage, features };
        if (ProjectionDim is int projection)
        {
            layers.Add(new UnitProjection("projection", Dim, projection));
            outputs.Add(new NetworkOutput(NetworkLayout.Embedding, layers.Count));
        }

        layers.Add(DistillationToken
            ? new TokenPairHeads("head", "head_dist", Dim, Classes)
            : new Head("head", ProjectionDim ?? Dim, Classes) { HasBias = ProjectionDim is null });
        return new NetworkLayout(layers, [.. outputs, new NetworkOutput(NetworkLayout.Logits, layers.Count)]);
    }
}
