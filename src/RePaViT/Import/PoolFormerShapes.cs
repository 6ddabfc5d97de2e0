namespace RePaViT.Import;

/// <summary>A PoolFormer out of the shapes of its tensors.</summary>
internal static class PoolFormerShapes
{
    private const int UsualImageSize = 224;

    // What the reference pools over in sizes that begin with 64 channels, and in others.
    private const int SmallDim = 64;
    private const int SmallPool = 7;
    private const int LargePool = 3;

    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        int stages = context.CountBlocks(stage => $"network.{2 * stage}.0.norm1.weight");
        int[] depths = new int[stages];
        int[] dims = new int[stages];
        var layers = new List<string>();
        for (int stage = 0; stage < stages; stage++)
        {
            depths[stage] = context.CountBlocks(block => $"network.{2 * stage}.{block}.norm1.weight");
            dims[stage] = context.ShapeOf($"network.{2 * stage}.0.norm1.weight", 1)[0];
            layers.AddRange(Enumerable.Range(0, depths[stage]).Select(block => $"network.{2 * stage}.{block}.mlp"));
        }

        int pool = dims[0] == SmallDim ? SmallPool : LargePool;
        int size = context.Options.ImageSize ?? context.Configuration.ImageSize ?? UsualImageSize;
        context.Assumptions.Add($"Images of {size} pixels and pooling over {pool} x {pool} places, as in the reference's presets.");
        var architecture = new PoolFormerArchitecture
        {
            ImageSize = size,
            Depths = IntegerList.Create(depths),
            Dims = IntegerList.Create(dims),
            PoolSize = pool,
            Classes = context.FindClasses() ?? 1,
            IdleRatio = null,
        };
        if (IdleShapes.HasHidden(context, layers[0]))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dims[0]) };
        }

        return IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf, roundsDown: true).Of(architecture);
    }
}
