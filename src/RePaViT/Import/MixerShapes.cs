namespace RePaViT.Import;

/// <summary>An MLP-Mixer out of the shapes of its tensors.</summary>
internal static class MixerShapes
{
    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        int[] patch = context.ShapeOf("stem.proj.weight", 4);
        (int dim, int patchSize) = (patch[0], patch[3]);
        int depth = context.CountBlocks(block => $"blocks.{block}.mlp_tokens.fc1.weight");
        int tokens = context.ShapeOf("blocks.0.mlp_tokens.fc1.weight", 2)[1];
        int side = (int)Math.Sqrt(tokens);
        if (side * side != tokens)
        {
            throw context.Refusal($"its {tokens} tokens do not fit a square image");
        }

        if (context.Options.ImageSize is int asked && asked != side * patchSize)
        {
            throw context.Refusal($"images of {asked} pixels are requested, while its products over tokens are for {side * patchSize}");
        }

        var architecture = new MixerArchitecture
        {
            ImageSize = side * patchSize,
            PatchSize = patchSize,
            Dim = dim,
            Depth = depth,
            Classes = context.FindClasses() ?? 1,
            TokenMlpRatio = context.FindRatio("blocks.0.mlp_tokens.fc1.weight", dim),
            IdleRatio = null,
        };
        string[] layers = [.. Enumerable.Range(0, depth).Select(block => $"blocks.{block}.mlp_channels")];
        if (IdleShapes.HasHidden(context, layers[0]))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dim) };
        }

        IdleShapes idle = IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf);

        // The reference's Mixer has as many active channels as tokens have channels, whatever the ratio.
        IdleShapes told = idle is { Form: NetworkForm.Trained, Ratio: not null }
            ? idle with { Active = IntegerList.Create([.. Enumerable.Repeat(Math.Min(dim, architecture.Hidden), depth)]) }
            : idle;
        return told.Of(architecture);
    }
}
