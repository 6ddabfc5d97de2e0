namespace RePaViT.Benchmarks.Verification;

/// <summary>The network that the settings of a golden file describe.</summary>
internal static class GoldenArchitecture
{
    /// <summary>What the names of merged tensors begin with.</summary>
    public const string ReparameterizedPrefix = "reparam.";

    /// <summary>Whether networks of that family can be made.</summary>
    public static bool Supports(string family) => family is "vit" or "mixer" or "swin" or "poolformer" or "lvvit";

    /// <exception cref="InvalidDataException">A setting is missing or not accepted.</exception>
    /// <exception cref="ArgumentException">The settings describe no network.</exception>
    public static Architecture Create(GoldenFile file)
    {
        Architecture architecture = file.Family switch
        {
            "mixer" => CreateMixer(file.Config<MixerSettings>()),
            "swin" => CreateSwin(file.Config<SwinSettings>()),
            "poolformer" => CreatePoolFormer(file.Config<PoolFormerSettings>()),
            "lvvit" => CreateLVViT(file),
            _ => CreateViT(file),
        };
        architecture.Validate();
        return architecture;
    }

    private static ViTArchitecture CreateViT(GoldenFile file)
    {
        ViTSettings settings = file.Config<ViTSettings>();
        var architecture = new ViTArchitecture
        {
            ImageSize = settings.Img,
            PatchSize = settings.Patch,
            Dim = settings.Dim,
            Depth = settings.Depth,
            Heads = settings.Heads,
            Classes = settings.Classes,
            MlpRatio = settings.MlpRatio,
            IdleRatio = settings.IdleRatio,
            IdleHeuristic = settings.Heuristic?.ToUpperInvariant() switch
            {
                null or "" or "NONE" or "STATIC" => IdleHeuristic.Static,
                "LINEAR" => IdleHeuristic.Linear,
                _ => throw new InvalidDataException($"Heuristic '{settings.Heuristic}' is not known."),
            },
        };
        return architecture.IsVanilla || !HasReparameterized(file)
            ? architecture
            : architecture with { ActiveChannels = ActiveChannelsIn(file, settings.Depth) };
    }

    private static LVViTArchitecture CreateLVViT(GoldenFile file)
    {
        LVViTSettings settings = file.Config<LVViTSettings>();
        var architecture = new LVViTArchitecture
        {
            ImageSize = settings.Img,
            PatchSize = settings.Patch,
            Dim = settings.Dim,
            Depth = settings.Depth,
            Heads = settings.Heads,
            Classes = settings.Classes,
            MlpRatio = settings.MlpRatio,
            IdleRatio = settings.IdleRatio,
            ResidualDivisor = settings.SkipLam,
        };
        return architecture.IsVanilla || !HasReparameterized(file)
            ? architecture
            : architecture with { ActiveChannels = ActiveChannelsIn(file, settings.Depth) };
    }

    private static bool HasReparameterized(GoldenFile file) => file.Tensors.TryGet("reparam.logits", out _);

    /// <summary>The reference's mixer has as many active channels as tokens have channels, whatever the ratio.</summary>
    private static MixerArchitecture CreateMixer(MixerSettings settings) => new()
    {
        ImageSize = settings.ImgSize,
        PatchSize = settings.PatchSize,
        Dim = settings.EmbedDim,
        Depth = settings.NumBlocks,
        Classes = settings.Classes,
        IdleRatio = settings.IdleRatio,
        ActiveChannels = settings.IdleRatio is null ? null : [.. Enumerable.Repeat(settings.EmbedDim, settings.NumBlocks)],
    };

    private static SwinArchitecture CreateSwin(SwinSettings settings) => new()
    {
        ImageSize = settings.Img,
        PatchSize = settings.Patch,
        Dim = settings.Dim,
        Depths = IntegerList.Create(settings.Depths),
        Heads = IntegerList.Create(settings.Heads),
        Window = settings.Window,
        Classes = settings.Classes,
        MlpRatio = settings.MlpRatio,
        IdleRatio = settings.IdleRatio,
    };

    private static PoolFormerArchitecture CreatePoolFormer(PoolFormerSettings settings) => new()
    {
        ImageSize = settings.Img,
        Depths = IntegerList.Create(settings.Layers),
        Dims = IntegerList.Create(settings.EmbedDims),
        PoolSize = settings.PoolSize,
        MlpRatio = settings.MlpRatios is [double first, .. double[] others] && others.All(ratio => ratio == first)
            ? first
            : throw new InvalidDataException("'mlp_ratios' must be one number, the same for each stage."),
        Classes = settings.Classes,
        IdleRatio = settings.IdleRatio,
    };

    /// <summary>The reference rounds active channels in floating point; only its tensors tell where to.</summary>
    private static IntegerList ActiveChannelsIn(GoldenFile file, int depth)
    {
        int[] perBlock = new int[depth];
        for (int block = 0; block < depth; block++)
        {
            string name = $"{ReparameterizedPrefix}blocks.{block}.mlp.fc2.weight";
            perBlock[block] = file.Tensors.TryGet(name, out WeightTensor? weight) && weight.Shape is [int active, ..] ? active : 0;
        }

        return IntegerList.Create(perBlock);
    }

    private abstract record TransformerSettings
    {
        public required int Img { get; init; }

        public required int Patch { get; init; }

        public required int Dim { get; init; }

        public required int Depth { get; init; }

        public required int Heads { get; init; }

        public required int Classes { get; init; }

        public required double MlpRatio { get; init; }

        /// <summary>Null for a vanilla network.</summary>
        public required double? IdleRatio { get; init; }
    }

    private sealed record ViTSettings : TransformerSettings
    {
        public string? Heuristic { get; init; }
    }

    private sealed record LVViTSettings : TransformerSettings
    {
        public required double SkipLam { get; init; }
    }

    private sealed record SwinSettings
    {
        public required int Img { get; init; }

        public required int Patch { get; init; }

        public required int Dim { get; init; }

        public required int[] Depths { get; init; }

        public required int[] Heads { get; init; }

        public required int Window { get; init; }

        public required int Classes { get; init; }

        public required double MlpRatio { get; init; }

        /// <summary>Null for a vanilla network.</summary>
        public required double? IdleRatio { get; init; }
    }

    private sealed record PoolFormerSettings
    {
        public required int Img { get; init; }

        public required int[] Layers { get; init; }

        public required int[] EmbedDims { get; init; }

        public required double[] MlpRatios { get; init; }

        public required int PoolSize { get; init; }

        public required int Classes { get; init; }

        /// <summary>Null for a vanilla network.</summary>
        public required double? IdleRatio { get; init; }
    }

    private sealed record MixerSettings
    {
        public required int ImgSize { get; init; }

        public required int PatchSize { get; init; }

        public required int EmbedDim { get; init; }

        public required int NumBlocks { get; init; }

        public required int Classes { get; init; }

        /// <summary>Null for a vanilla network.</summary>
        public required double? IdleRatio { get; init; }
    }
}
