namespace RePaViT.Import;

/// <summary>A Swin transformer out of the shapes of its tensors.</summary>
internal static class SwinShapes
{
    /// <summary>Image sizes by window, in pixels.</summary>
    private static readonly Dictionary<int, int> UsualImageSizes = new() { [7] = 224, [12] = 384 };

    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        int[] patch = context.ShapeOf("patch_embed.proj.weight", 4);
        (int dim, int patchSize) = (patch[0], patch[3]);
        int stages = context.CountBlocks(stage => $"layers.{stage}.blocks.0.attn.qkv.weight");
        int[] depths = new int[stages];
        int[] heads = new int[stages];
        var layers = new List<string>();
        for (int stage = 0; stage < stages; stage++)
        {
            depths[stage] = context.CountBlocks(block => $"layers.{stage}.blocks.{block}.attn.qkv.weight");
            heads[stage] = context.ShapeOf($"layers.{stage}.blocks.0.attn.relative_position_bias_table", 2)[1];
            layers.AddRange(Enumerable.Range(0, depths[stage]).Select(block => $"layers.{stage}.blocks.{block}.mlp"));
        }

        int window = WindowOf(context);
        var architecture = new SwinArchitecture
        {
            ImageSize = ImageSizeOf(context, window, patchSize),
            PatchSize = patchSize,
            Dim = dim,
            Depths = IntegerList.Create(depths),
            Heads = IntegerList.Create(heads),
            Window = context.Options.Window ?? window,
            Classes = context.FindClasses() ?? 1,
            IdleRatio = null,
        };
        if (IdleShapes.HasHidden(context, layers[0]))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dim) };
        }

        return IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf).Of(architecture);
    }

    /// <summary>The table has a row for each of (2 window - 1)^2 differences of places.</summary>
    private static int WindowOf(PretrainedContext context)
    {
        int rows = context.ShapeOf("layers.0.blocks.0.attn.relative_position_bias_table", 2)[0];
        int side = (int)Math.Sqrt(rows);
        return side % 2 == 1 && side * side == rows
            ? (side + 1) / 2
            : throw context.Refusal($"its table of relative positions has {rows} rows, which no square window has");
    }

    private static int ImageSizeOf(PretrainedContext context, int window, int patchSize)
    {
        if ((context.Options.ImageSize ?? context.Configuration.ImageSize) is int size)
        {
            return size;
        }

        if (context.Source.ShapeOf("layers.0.blocks.1.attn_mask") is [int windows, _, _]
            && (int)Math.Sqrt(windows) is int perSide && perSide * perSide == windows && (long)perSide * window * patchSize <= int.MaxValue)
        {
            // The published files hold the mask of shifted windows.
            return perSide * window * patchSize;
        }

        if (UsualImageSizes.TryGetValue(window, out int usual))
        {
            context.Assumptions.Add($"Images of {usual} pixels, as usual for windows of {window}.");
            return usual;
        }

        throw context.Refusal($"nothing gives the image size for its windows of {window}: {nameof(PretrainedOptions.ImageSize)} is needed");
    }
}
