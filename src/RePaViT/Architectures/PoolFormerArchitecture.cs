using System.Text.Json.Serialization;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// A PoolFormer (Yu et al., arXiv 2111.11418), vanilla or channel-idle: stages of blocks in which average pooling replaces
/// attention; width and height are halved from stage to stage.
/// </summary>
/// <remarks>
/// Filters extend over the edges of the image and of maps, so any image size from 3 to about 4100 pixels is accepted. A vanilla
/// network has group normalization before its feed-forward layers.
/// </remarks>
public sealed record PoolFormerArchitecture : Architecture
{
    // The reference implementation's value; weights trained there only fit with the same.
    private const float Epsilon = 1e-5f;

    private const int MaxPoolSize = 1023;
    private const int MaxPlacesPerSide = 1024;

    // Filters that see the image, and those from one stage to the next.
    private const int StemKernel = 7;
    private const int StemStride = 4;
    private const int StemPadding = 2;
    private const int Kernel = 3;
    private const int Stride = 2;
    private const int Padding = 1;

    /// <summary>RePa-PoolFormer-S12: 11.9 million parameters as vanilla network.</summary>
    public static PoolFormerArchitecture S12 { get; } = new() { Depths = [2, 2, 6, 2], Dims = [64, 128, 320, 512], PoolSize = 7 };

    /// <summary>RePa-PoolFormer-S24: 21.4 million parameters as vanilla network.</summary>
    public static PoolFormerArchitecture S24 { get; } = new() { Depths = [4, 4, 12, 4], Dims = [64, 128, 320, 512], PoolSize = 7 };

    /// <summary>RePa-PoolFormer-S36: 30.9 million parameters as vanilla network.</summary>
    public static PoolFormerArchitecture S36 { get; } =
        new() { Depths = [6, 6, 18, 6], Dims = [64, 128, 320, 512], PoolSize = 7, LayerScale = 1e-6 };

    /// <summary>RePa-PoolFormer-M36: 56.2 million parameters as vanilla network.</summary>
    public static PoolFormerArchitecture M36 { get; } =
        new() { Depths = [6, 6, 18, 6], Dims = [96, 192, 384, 768], LayerScale = 1e-6 };

    /// <summary>RePa-PoolFormer-M48: 73.5 million parameters as vanilla network.</summary>
    public static PoolFormerArchitecture M48 { get; } =
        new() { Depths = [8, 8, 24, 8], Dims = [96, 192, 384, 768], LayerScale = 1e-6 };

    /// <summary>Blocks of each stage.</summary>
    public required IntegerList Depths { get; init; }

    /// <summary>Channels of each stage (C).</summary>
    public required IntegerList Dims { get; init; }

    /// <summary>
    /// Width and height of the pooling window; odd. Default 3, as in the PoolFormer paper; the RePaViT reference
    /// implementation has 7 in its small sizes.
    /// </summary>
    public int PoolSize { get; init; } = 3;

    /// <summary>Hidden channels of a feed-forward layer for each channel of its stage (rho). Default 4.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The initial value of the learned scales of residual branches. Default 1e-5.</summary>
    public double LayerScale { get; init; } = 1e-5;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int BlockCount => StageDepths.BlockCount(Depths);

    /// <inheritdoc/>
    public override int HiddenChannelsOf(int block) => (int)(Dims[StageDepths.StageOf(block, Depths)] * MlpRatio);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ThrowUnlessInRange(ImageSize, StemKernel - 2 * StemPadding, MaxImageSize);
        StageDepths.Validate(Depths, Dims);
        ThrowUnlessInRange(PoolSize, 1, MaxPoolSize);
        if (PoolSize % 2 == 0)
        {
            throw new ArgumentException($"{nameof(PoolSize)} {PoolSize} is not accepted: an odd number is needed.");
        }

        if (!((float)LayerScale > 0 && (float)LayerScale <= 1))
        {
            throw new ArgumentException($"{nameof(LayerScale)} {LayerScale} is not accepted: a number above 0 and up to 1 is needed.");
        }

        for (int stage = 0; stage < Depths.Count; stage++)
        {
            int dim = Dims[stage];
            ThrowUnlessInRange(dim, 1, 1 << 16, nameof(Dims));
            ThrowUnlessRatio(MlpRatio, dim, nameof(MlpRatio));
            int hidden = (int)(dim * MlpRatio);
            ThrowUnlessTensor((long)hidden * dim, nameof(MlpRatio), hidden, dim);
            long inputs = stage == 0 ? Channels * StemKernel * StemKernel : (long)Dims[stage - 1] * Kernel * Kernel;
            ThrowUnlessTensor(inputs * dim, nameof(Dims), dim, dim);
        }

        ThrowUnlessMap();
        ThrowUnlessTensor((long)Classes * Dims[^1], nameof(Classes), Classes, Dims[^1]);
        ValidateIdleness();
    }

    internal override NetworkLayout Layout(NetworkForm form)
    {
        var stem = new ConvolutionEmbedding(
            "patch_embed.proj", ImageSize, Channels, Dims[0], StemKernel, StemStride, StemPadding, HasBias: true);
        var layers = new List<Layer> { stem };
        var outputs = new List<NetworkOutput>();
        int size = stem.Table.PerSide;
        int block = 0;
        for (int stage = 0; stage < Depths.Count; stage++)
        {
            int dim = Dims[stage];
            for (int i = 0; i < Depths[stage]; i++, block++)
            {
                string name = $"network.{2 * stage}.{i}";
                var dropPath = new DropPathPosition(block, BlockCount);
                layers.Add(new PoolingBlock(name, size, dim, PoolSize, Epsilon, (float)LayerScale, dropPath));
                layers.Add(FeedForward(
                    $"{name}.mlp", block, size * size, dim, form, Epsilon, dropPath, isOfMap: true, scaleStart: (float)LayerScale));
            }

            outputs.Add(new NetworkOutput(NetworkLayout.Stage(stage + 1), layers.Count));
            if (stage + 1 < Depths.Count)
            {
                var next = new Downsampling($"network.{2 * stage + 1}.proj", size, dim, Dims[stage + 1], Kernel, Stride, Padding);
                layers.Add(next);
                size = next.Table.PerSide;
            }
        }

        int features = Dims[^1];
        layers.Add(new GroupNormalization("norm", size * size, features, Epsilon));
        layers.Add(new AveragePooling(size * size, features));
        outputs.Add(new NetworkOutput(NetworkLayout.Features, layers.Count));
        layers.Add(new Head("head", features, Classes));
        outputs.Add(new NetworkOutput(NetworkLayout.Logits, layers.Count));
        return new NetworkLayout(layers, outputs);
    }

    /// <summary>Refuses maps so large that no array can hold the input of the filters.</summary>
    private void ThrowUnlessMap()
    {
        int channels = Channels;
        int kernel = StemKernel;
        int size = PlacesOf(ImageSize, StemKernel, StemStride, StemPadding);
        if (size > MaxPlacesPerSide)
        {
            throw new ArgumentException(
                $"{nameof(ImageSize)} {ImageSize} is not accepted: the first map has at most {MaxPlacesPerSide} x {MaxPlacesPerSide} places.");
        }

        foreach (int dim in Dims)
        {
            ThrowUnlessTensor((long)size * size * channels * kernel * kernel, nameof(ImageSize), ImageSize, dim);
            (channels, kernel) = (dim, Kernel);
            size = PlacesOf(size, Kernel, Stride, Padding);
        }
    }

    private static int PlacesOf(int size, int kernel, int stride, int padding) => (size + 2 * padding - kernel) / stride + 1;
}
