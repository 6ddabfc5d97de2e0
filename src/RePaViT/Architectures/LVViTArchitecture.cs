using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// An LV-ViT (Jiang et al., arXiv 2104.10858), vanilla or channel-idle: a vision transformer after a convolutional stem,
/// with residual branches that are divided by a number, and a head for every token in addition to that of the class token.
/// </summary>
public sealed record LVViTArchitecture : Architecture
{
    // The reference implementation's value; weights trained there only fit with the same.
    private const float Epsilon = 1e-5f;

    private const int MaxPatchesPerSide = 1024;

    // Filters of the stem that see the image, and those that see its maps.
    private const int ImageKernel = 7;
    private const int ImageStride = 2;
    private const int MapKernel = 3;

    // What the greatest logits of all tokens count beside those of the class token.
    private const float TokenShare = 0.5f;

    /// <summary>RePa-LV-ViT-S: 26.2 million parameters in training, 19.0 million deployed.</summary>
    public static LVViTArchitecture S { get; } = new() { Dim = 384, Depth = 16, Heads = 6, IdleRatio = 2.0 / 3 };

    /// <summary>RePa-LV-ViT-M: 55.9 million parameters in training, 40.1 million deployed.</summary>
    public static LVViTArchitecture M { get; } = new() { Dim = 512, Depth = 20, Heads = 8, IdleRatio = 2.0 / 3 };

    /// <summary>Width and height of a patch, in pixels; even, and divides the image size. Default 16.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels of the stem. Default 64.</summary>
    public int StemChannels { get; init; } = 64;

    /// <summary>Channels of a token (C); a multiple of <see cref="Heads"/>.</summary>
    public required int Dim { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Attention heads per block.</summary>
    public required int Heads { get; init; }

    /// <summary>
    /// Whether a bias is added to queries, keys and values. Default false, as in the LV-ViT paper; the deployed sizes in the
    /// RePaViT paper count such biases.
    /// </summary>
    public bool QkvBias { get; init; }

    /// <summary>Hidden channels of a feed-forward layer for each channel of a token (rho). Default 3.</summary>
    public double MlpRatio { get; init; } = 3;

    /// <summary>The divisor of residual branches, at least 1. Default 2.</summary>
    public double ResidualDivisor { get; init; } = 2;

    /// <summary>Hidden channels of a feed-forward layer.</summary>
    [JsonIgnore]
    public int Hidden => (int)(Dim * MlpRatio);

    /// <summary>Tokens of an image: its patches and the class token.</summary>
    [JsonIgnore]
    public int Tokens => PatchesPerSide * PatchesPerSide + 1;

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
        if (PatchSize % 2 != 0)
        {
            throw new ArgumentException($"{nameof(PatchSize)} {PatchSize} is not accepted: an even number is needed.");
        }

        ThrowUnlessInRange(StemChannels, 1, 1 << 16);
        ThrowUnlessInRange(Dim, 1, 1 << 16);
        ThrowUnlessInRange(Depth, 1, 1024);
        ThrowUnlessHeads(Heads, Dim);
        ThrowUnlessRatio(MlpRatio, Dim, nameof(MlpRatio));
        if (!(ResidualDivisor is >= 1 and <= 1e6))
        {
            throw new ArgumentException($"{nameof(ResidualDivisor)} {ResidualDivisor} is outside [1, 1000000].");
        }

        // The filters, and what those that see maps see of the largest one.
        long places = (long)(ImageSize / ImageStride) * (ImageSize / ImageStride);
        long seen = (long)StemChannels * MapKernel * MapKernel;
        ThrowUnlessTensor(StemChannels * seen, nameof(StemChannels), StemChannels, Dim);
        ThrowUnlessTensor(places * Math.Max(seen, Channels * ImageKernel * ImageKernel), nameof(ImageSize), ImageSize, Dim);
        ThrowUnlessTensor((long)StemChannels * (PatchSize / 2) * (PatchSize / 2) * Dim, nameof(PatchSize), PatchSize, Dim);
        ThrowUnlessTensor((long)Tokens * Math.Max(Dim, Classes), nameof(Tokens), Tokens, Dim);
        ThrowUnlessTensor(3L * Dim * Dim, nameof(Dim), Dim, Dim);
        ThrowUnlessTensor((long)Hidden * Dim, nameof(Hidden), Hidden, Dim);
        ThrowUnlessTensor((long)Classes * Dim, nameof(Classes), Classes, Dim);
        ValidateIdleness();
    }

    internal override NetworkLayout Layout(NetworkForm form)
    {
        var layers = new List<Layer>();
        AddStem(layers);
        layers.Add(new TokenEmbedding("cls_token", "pos_embed", Tokens, Dim));
        float branchScale = (float)(1 / ResidualDivisor);
        for (int block = 0; block < Depth; block++)
        {
            var dropPath = new DropPathPosition(block, Depth);
            layers.Add(new AttentionBlock($"blocks.{block}.attn", Tokens, Dim, Heads, Epsilon, dropPath)
            {
                NormName = $"blocks.{block}.norm1",
                HasQkvBias = QkvBias,
                BranchScale = branchScale,
            });
            layers.Add(FeedForward($"blocks.{block}.mlp", block, Tokens, Dim, form, Epsilon, dropPath, branchScale: branchScale));
        }

        var stage = new NetworkOutput(NetworkLayout.Stage(1), layers.Count);
        layers.Add(new LayerNormalization("norm", Tokens, Dim, Epsilon));
        var features = new NetworkOutput(NetworkLayout.Features, layers.Count, new ClassTokenPooling(Tokens, Dim));
        layers.Add(new TokenHeads("head", "aux_head", Tokens, Dim, Classes));
        var tokenLogits = new NetworkOutput(NetworkLayout.TokenLogits, layers.Count);
        layers.Add(new TokenLogitPooling(Tokens, Classes, TokenShare));
        return new NetworkLayout(layers, [stage, features, tokenLogits, new NetworkOutput(NetworkLayout.Logits, layers.Count)]);
    }

    /// <summary>Three convolutions, each normalized and activated, and one that turns their map into tokens.</summary>
    private void AddStem(List<Layer> layers)
    {
        var seen = new ConvolutionTable(Channels, ImageSize, ImageKernel, ImageStride, ImageKernel / 2, IsImage: true);
        int size = seen.PerSide;
        for (int i = 1; i <= 3; i++)
        {
            layers.Add(new NormalizedConvolution($"patch_embed.conv{i}", $"patch_embed.bn{i}", seen, StemChannels, Epsilon));
            layers.Add(new Activation(ActivationKind.Relu, size * size, StemChannels));
            seen = new ConvolutionTable(StemChannels, size, MapKernel, Stride: 1, MapKernel / 2, IsImage: false);
        }

        int cut = PatchSize / ImageStride;
        layers.Add(new Downsampling("patch_embed.proj", size, StemChannels, Dim, cut, cut, Padding: 0));
    }
}
