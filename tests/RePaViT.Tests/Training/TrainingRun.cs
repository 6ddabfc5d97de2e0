using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>Small data sets, a small recipe, and comparisons to the bit.</summary>
internal static class TrainingRun
{
    /// <summary>Odd sizes, so that threads get shares of different size and tiles do not come out even.</summary>
    public static ViTArchitecture Architecture { get; } =
        new() { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.7 };

    public static MixerArchitecture Mixer { get; } =
        new() { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Classes = 3, IdleRatio = 0.7 };

    /// <summary>Windows over the edges and shifted ones in the first stage, one of the whole map in the second.</summary>
    public static SwinArchitecture Swin { get; } =
        new() { ImageSize = 12, PatchSize = 2, Dim = 12, Depths = [2, 1], Heads = [2, 3], Window = 4, Classes = 3, IdleRatio = 0.7 };

    /// <summary>Maps of 3 x 3 and 2 x 2, and scales that are large enough for branches to matter.</summary>
    public static PoolFormerArchitecture PoolFormer { get; } =
        new() { ImageSize = 12, Depths = [1, 2], Dims = [12, 20], LayerScale = 0.5, Classes = 3, IdleRatio = 0.7 };

    /// <summary>A stem with maps of 6 x 6.</summary>
    public static LVViTArchitecture LVViT { get; } =
        new() { ImageSize = 12, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.7 };

    /// <summary>What networks of other projects have and the reference's have not.</summary>
    public static ViTArchitecture Registers { get; } =
        Architecture with
        {
            PatchBias = true, OmitsTokenNorm = true, NormEpsilon = 1e-4, RegisterTokens = 2, FeedForwardActivation = FeedForwardActivation.QuickGelu,
        };

    /// <summary>DeiT's two tokens that are classified.</summary>
    public static ViTArchitecture Distilled { get; } = Architecture with { DistillationToken = true };

    /// <summary>CLIP's head, which compares by angle.</summary>
    public static ViTArchitecture Compared { get; } = Architecture with { ProjectionDim = 7 };

    /// <summary>A network of each family, and of the kinds that only other projects have.</summary>
    public static IEnumerable<object[]> Families() => [[Architecture], [Mixer], [Swin], [PoolFormer], [LVViT], [Registers], [Distilled], [Compared]];

    public static TrainingRecipe Recipe { get; } = new()
    {
        Epochs = 3,
        BatchSize = 4,
        GradientAccumulation = 2,
        LearningRate = 0.02,
        WarmupEpochs = 0.5,
        DropPathRate = 0.5,
        Augmentation = AugmentationOptions.DeiT with { ResizedCrop = null, CropPadding = 1 },
        ChannelIdleMethod = ChannelIdleMethod.Train,
        Seed = 7,
    };

    /// <summary>Noise around one color per class, 4 by 4 pixels.</summary>
    public static InMemoryImageDataset Dataset(int count, int seed, int classes = 3)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % classes)];
        return new InMemoryImageDataset(
            labels.Select(label => new RgbImage(4, 4, Pixels(random, label))), labels, ClassNames(classes));
    }

    public static Trainer Trainer(
        ITrainingBackend backend, TrainingRecipe? recipe = null, string? checkpoint = null, int everySteps = 1000)
        => new(
            SoftmaxBackend.Architecture,
            recipe ?? Recipe,
            new TrainerOptions { CheckpointPath = checkpoint, CheckpointEverySteps = everySteps },
            backend);

    public static byte[] Bytes(NamedTensors tensors)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors);
        return stream.ToArray();
    }

    public static void AssertSameBytes(byte[] expected, byte[] actual, string what)
        => Assert.IsTrue(expected.AsSpan().SequenceEqual(actual), $"Other bytes: {what}.");

    private static string[] ClassNames(int classes) => [.. Enumerable.Range(0, classes).Select(i => $"class {i}")];

    private static byte[] Pixels(Random random, int label)
        => [.. Enumerable.Range(0, 48).Select(i => (byte)(random.Next(160) + (i % 3 == label % 3 ? 95 : 0)))];
}
