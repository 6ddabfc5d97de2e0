using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// An MLP-Mixer (Tolstikhin et al., arXiv 2105.01601), vanilla or channel-idle. Every block is a feed-forward layer that
/// mixes tokens, followed by one that mixes channels, in which only some hidden channels pass through the activation.
/// </summary>
public sealed record MixerArchitecture : Architecture
{
    // The reference implementation's values; weights trained there only fit with the same.
    private const float BlockNormEpsilon = 1e-5f;
    private const float OuterNormEpsilon = 1e-6f;

    private const int MaxPatchesPerSide = 256;

    /// <summary>RePa-Mixer-S/32.</summary>
    public static MixerArchitecture S32 { get; } = new() { PatchSize = 32, Dim = 512, Depth = 8 };

    /// <summary>RePa-Mixer-S/16.</summary>
    public static MixerArchitecture S16 { get; } = new() { Dim = 512, Depth = 8 };

    /// <summary>RePa-Mixer-B/32.</summary>
    public static MixerArchitecture B32 { get; } = new() { PatchSize = 32, Dim = 768, Depth = 12 };

    /// <summary>RePa-Mixer-B/16.</summary>
    public static MixerArchitecture B16 { get; } = new() { Dim = 768, Depth = 12 };

    /// <summary>RePa-Mixer-L/32.</summary>
    public static MixerArchitecture L32 { get; } = new() { PatchSize = 32, Dim = 1024, Depth = 24 };

    /// <summary>RePa-Mixer-L/16.</summary>
    public static MixerArchitecture L16 { get; } = new() { Dim = 1024, Depth = 24 };

    /// <summary>Width and height of a patch, in pixels; divides the image size. Default 16.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels of a token (C).</summary>
    public required int Dim { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Hidden channels of a token-mixing layer, for each channel of a token. Default 0.5.</summary>
    public double TokenMlpRatio { get; init; } = 0.5;

    /// <summary>Hidden channels of a channel-mixing layer, for each channel of a token (rho). Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Hidden channels of a channel-mixing layer.</summary>
    [JsonIgnore]
    public int Hidden => (int)(Dim * MlpRatio);

    /// <summary>Hidden channels of a token-mixing layer.</summary>
    [JsonIgnore]
    public int TokenHidden => (int)(Dim * TokenMlpRatio);

    /// <summary>Tokens of an image: its patches.</summary>
    [JsonIgnore]
    public int Tokens => PatchesPerSide * PatchesPerSide;

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
        ThrowUnlessInRange(Dim, 1, 1 << 16);
        ThrowUnlessInRange(Depth, 1, 1024);
        ThrowUnlessRatio(MlpRatio, Dim, nameof(MlpRatio));
        ThrowUnlessRatio(TokenMlpRatio, Dim, nameof(TokenMlpRatio));
        ThrowUnlessTensor((long)Channels * PatchSize * PatchSize * Dim, nameof(PatchSize), PatchSize, Dim);
        ThrowUnlessTensor((long)Tokens * TokenHidden, nameof(TokenHidden), TokenHidden, Dim);
        ThrowUnlessTensor((long)Hidden * Dim, nameof(Hidden), Hidden, Dim);
        ThrowUnlessTensor((long)Classes * Dim, nameof(Classes), Classes, Dim);
        ValidateIdleness();
    }

    internal override NetworkLayout Layout(NetworkForm form)
    {
        var layers = new List<Layer> { new PatchEmbedding("stem.proj", ImageSize, PatchSize, Channels, Dim, HasBias: true) };
        for (int block = 0; block < Depth; block++)
        {
            // The reference drops the branches of all blocks equally often.
            DropPathPosition dropPath = DropPathPosition.Deepest;
            layers.Add(new TokenMixing($"blocks.{block}.mlp_tokens", Tokens, Dim, TokenHidden, BlockNormEpsilon, dropPath));
            layers.Add(FeedForward($"blocks.{block}.mlp_channels", block, Tokens, Dim, form, BlockNormEpsilon, dropPath));
        }

        var stage = new NetworkOutput(NetworkLayout.Stage(1), layers.Count);
        layers.Add(new LayerNormalization("norm", Tokens, Dim, OuterNormEpsilon));
        layers.Add(new AveragePooling(Tokens, Dim));
        var features = new NetworkOutput(NetworkLayout.Features, layers.Count);
        layers.Add(new Head("head", Dim, Classes));
        return new NetworkLayout(layers, [stage, features, new NetworkOutput(NetworkLayout.Logits, layers.Count)]);
    }
}
