using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// A Swin transformer (Liu et al., arXiv 2103.14030), vanilla or channel-idle: stages of blocks that attend within windows,
/// every other one within shifted windows; from stage to stage, width and height are halved and channels doubled.
/// </summary>
/// <remarks>
/// Any image size that is a multiple of the patch size is accepted: as in timm and torchvision, maps that are not a multiple
/// of the window or of 2 are padded with zeros. A window that is not smaller than a map covers all of it and is not shifted.
/// </remarks>
public sealed record SwinArchitecture : Architecture
{
    // The reference implementation's value; weights trained there only fit with the same.
    private const float Epsilon = 1e-5f;

    private const int MaxPatchesPerSide = 1024;

    // 256 MiB for one block: far more than windows are good for.
    private const long MaxScoreBias = 1 << 26;

    /// <summary>RePa-Swin-Tiny: 28.3 million parameters in training, 17.5 million deployed.</summary>
    public static SwinArchitecture Tiny { get; } = new() { Dim = 96, Depths = [2, 2, 6, 2], Heads = [3, 6, 12, 24] };

    /// <summary>RePa-Swin-Small: 49.7 million parameters in training, 29.9 million deployed.</summary>
    public static SwinArchitecture Small { get; } = new() { Dim = 96, Depths = [2, 2, 18, 2], Heads = [3, 6, 12, 24] };

    /// <summary>RePa-Swin-Base: 87.9 million parameters in training, 52.8 million deployed.</summary>
    public static SwinArchitecture Base { get; } = new() { Dim = 128, Depths = [2, 2, 18, 2], Heads = [4, 8, 16, 32] };

    /// <summary>Width and height of a patch, in pixels; divides the image size. Default 4.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>Channels of a token in the first stage (C), and twice as many in each further one.</summary>
    public required int Dim { get; init; }

    /// <summary>Blocks of each stage.</summary>
    public required IntegerList Depths { get; init; }

    /// <summary>Attention heads of the blocks of each stage; they divide its channels.</summary>
    public required IntegerList Heads { get; init; }

    /// <summary>Width and height of a window, in tokens. Default 7.</summary>
    public int Window { get; init; } = 7;

    /// <summary>Hidden channels of a feed-forward layer for each channel of a token (rho). Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int BlockCount => StageDepths.BlockCount(Depths);

    /// <inheritdoc/>
    public override int HiddenChannelsOf(int block) => (int)(DimOf(StageDepths.StageOf(block, Depths)) * MlpRatio);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ThrowUnlessCut(PatchSize, MaxPatchesPerSide);
        StageDepths.Validate(Depths, Heads);
        ThrowUnlessInRange(Dim, 1, (1 << 16) >> (Depths.Count - 1));
        ThrowUnlessInRange(Window, 1, MaxPatchesPerSide);
        ThrowUnlessRatio(MlpRatio, Dim, nameof(MlpRatio));
        for (int stage = 0; stage < Depths.Count; stage++)
        {
            ThrowUnlessInRange(Heads[stage], 1, DimOf(stage), nameof(Heads));
            if (DimOf(stage) % Heads[stage] != 0)
            {
                throw new ArgumentException($"{nameof(Heads)} {Heads[stage]} of stage {stage + 1} does not divide its {DimOf(stage)} channels.");
            }
        }

        int perSide = ImageSize / PatchSize;
        int last = DimOf(Depths.Count - 1);
        int hidden = (int)(last * MlpRatio);
        ThrowUnlessTensor((long)Channels * PatchSize * PatchSize * Dim, nameof(PatchSize), PatchSize, Dim);
        ThrowUnlessTensor(3L * last * last, nameof(Dim), last, last);
        ThrowUnlessTensor((long)hidden * last, nameof(MlpRatio), hidden, last);
        ThrowUnlessTensor((long)Classes * last, nameof(Classes), Classes, last);
        ThrowUnlessScoreBias(Math.Min(Window, perSide));
        ValidateIdleness();
    }

    internal override NetworkLayout Layout(NetworkForm form)
    {
        int size = ImageSize / PatchSize;
        var layers = new List<Layer>
        {
            new PatchEmbedding("patch_embed.proj", ImageSize, PatchSize, Channels, Dim, HasBias: true),
            new LayerNormalization("patch_embed.norm", size * size, Dim, Epsilon),
        };
        var outputs = new List<NetworkOutput>();
        int block = 0;
        for (int stage = 0; stage < Depths.Count; stage++)
        {
            int dim = DimOf(stage);
            for (int i = 0; i < Depths[stage]; i++, block++)
            {
                string name = $"layers.{stage}.blocks.{i}";
                var dropPath = new DropPathPosition(block, BlockCount);
                layers.Add(new AttentionBlock($"{name}.attn", size * size, dim, Heads[stage], Epsilon, dropPath)
                {
                    NormName = $"{name}.norm1",
                    Windows = new WindowGrid(size, Math.Min(Window, size), Window < size && i % 2 == 1 ? Window / 2 : 0),
                });
                layers.Add(FeedForward($"{name}.mlp", block, size * size, dim, form, Epsilon, dropPath));
            }

            outputs.Add(new NetworkOutput(NetworkLayout.Stage(stage + 1), layers.Count));
            if (stage + 1 < Depths.Count)
            {
                layers.Add(new PatchMerging($"layers.{stage}.downsample", size, dim, Epsilon));
                size = (size + 1) / 2;
            }
        }

        int features = DimOf(Depths.Count - 1);
        layers.Add(new LayerNormalization("norm", size * size, features, Epsilon));
        layers.Add(new AveragePooling(size * size, features));
        outputs.Add(new NetworkOutput(NetworkLayout.Features, layers.Count));
        layers.Add(new Head("head", features, Classes));
        outputs.Add(new NetworkOutput(NetworkLayout.Logits, layers.Count));
        return new NetworkLayout(layers, outputs);
    }

    /// <summary>
    /// Refuses windows for which a small table becomes huge: a number for each pair of positions, each head and four masks.
    /// </summary>
    private void ThrowUnlessScoreBias(int window)
    {
        long places = (long)window * window;
        if (4 * places * places * Heads.Max() > MaxScoreBias)
        {
            throw new ArgumentException(
                $"{nameof(Window)} {Window} with {Heads.Max()} {nameof(Heads)} is not accepted: "
                + $"more than {MaxScoreBias} numbers would be added to the attention scores of a block.");
        }
    }

    private int DimOf(int stage) => Dim << stage;
}
