namespace RePaViT.Import;

/// <summary>An LV-ViT out of the shapes of its tensors.</summary>
internal static class LVViTShapes
{
    // What residual branches are divided by in the published sizes, but for the largest.
    private const double UsualDivisor = 2;
    private const int LargeDim = 768;
    private const double LargeDivisor = 3;

    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        int[] patch = context.ShapeOf("patch_embed.proj.weight", 4);
        int dim = patch[0];

        // Its first convolution has halved the image.
        int patchSize = 2 * patch[3];
        int depth = context.CountBlocks(block => $"blocks.{block}.attn.qkv.weight");
        int positions = context.ShapeOf("pos_embed", 3)[1];
        int side = (int)Math.Sqrt(positions - 1);
        if (side * side + 1 != positions)
        {
            throw context.Refusal($"its {positions} positions do not fit a square image and a class token");
        }

        double divisor = dim == LargeDim ? LargeDivisor : UsualDivisor;
        context.Assumptions.Add($"Residual branches are divided by {divisor}, as usual for {dim} channels.");
        var architecture = new LVViTArchitecture
        {
            ImageSize = context.Options.ImageSize ?? side * patchSize,
            PatchSize = patchSize,
            StemChannels = patch[1],
            Dim = dim,
            Depth = depth,
            Heads = context.FindHeads(dim),
            QkvBias = context.Source.Has("blocks.0.attn.qkv.bias"),
            ResidualDivisor = divisor,
            Classes = context.FindClasses() ?? 1,
            IdleRatio = null,
        };
        string[] layers = [.. Enumerable.Range(0, depth).Select(block => $"blocks.{block}.mlp")];
        if (IdleShapes.HasHidden(context, layers[0]))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dim) };
        }

        return IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf).Of(architecture);
    }
}
