using RePaViT.IO;

namespace RePaViT.Import;

/// <summary>A ViT out of the shapes of its tensors.</summary>
internal static class ViTShapes
{
    /// <summary>Heads by width, in ViT, DeiT, DINOv2, CLIP and MAE alike.</summary>
    private static readonly Dictionary<int, int> UsualHeads = new() { [192] = 3, [384] = 6, [512] = 8, [768] = 12, [1024] = 16, [1280] = 16 };

    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        NamedSource source = context.Source;
        int[] patch = context.ShapeOf("patch_embed.proj.weight", 4);
        (int dim, int patchSize) = (patch[0], patch[3]);
        int depth = context.CountBlocks(block => $"blocks.{block}.attn.qkv.weight");
        bool hasClassToken = source.Has("cls_token");
        ThrowUnlessPoolingIsKnown(context, hasClassToken);
        int registers = source.ShapeOf("reg_token") is [_, > 0 and int count, _] ? count : 0;
        var architecture = new ViTArchitecture
        {
            ImageSize = patchSize * PatchesPerSide(context, patchSize, hasClassToken, registers),
            PatchSize = patchSize,
            Dim = dim,
            Depth = depth,
            Heads = HeadsOf(context, dim),
            Classes = context.FindClasses() ?? 1,
            IdleRatio = null,
            PatchBias = source.Has("patch_embed.proj.bias"),
            OmitsTokenNorm = !source.Has("norm_pre.weight"),
            RegisterTokens = registers,
            AveragePooling = !hasClassToken,
            FeedForwardActivation = ActivationOf(context),
            NormEpsilon = context.Options.NormEpsilon ?? context.Configuration.NormEpsilon ?? source.Table.NormEpsilon,
        };
        string[] layers = [.. Enumerable.Range(0, depth).Select(block => $"blocks.{block}.mlp")];
        if (source.Has($"{layers[0]}.norm.weight") || source.Has($"{layers[0]}.norm2.weight"))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dim) };
        }

        IdleShapes idle = IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf);
        return new PretrainedArchitecture(
            architecture with { IdleRatio = idle.Ratio, IdleHeuristic = idle.Heuristic, ActiveChannels = idle.Active }, idle.Form);
    }

    /// <summary>Positions of as many tokens as a square has patches, with or without those that stand for no patch.</summary>
    private static int PatchesPerSide(PretrainedContext context, int patchSize, bool hasClassToken, int registers)
    {
        int positions = context.ShapeOf("pos_embed", 3)[1];
        int classTokens = hasClassToken ? 1 : 0;
        int[] sides =
        [
            .. new[] { 0, classTokens, classTokens + registers }.Distinct()
                .Select(prefix => (int)Math.Sqrt(positions - Math.Min(prefix, positions)) is int side && side > 0 && side * side + prefix == positions ? side : 0)
                .Where(side => side > 0).Distinct(),
        ];
        int? asked = context.Options.ImageSize ?? (sides.Length > 1 ? context.Configuration.ImageSize : null);
        if (asked is int size)
        {
            return sides.Contains(size / patchSize) && size % patchSize == 0
                ? size / patchSize
                : throw context.Refusal(
                    $"an image of {size} pixels is asked for, and its positions are for {Excerpt.OfList(sides.Select(side => side * patchSize))}");
        }

        return sides is [int only]
            ? only
            : throw context.Refusal(
                $"its {positions} positions are those of {(sides.Length == 0 ? "no square image" : "several image sizes")}: "
                + $"{nameof(PretrainedOptions.ImageSize)} is needed, where there is a choice");
    }

    private static int HeadsOf(PretrainedContext context, int dim)
    {
        if ((context.Options.Heads ?? context.Configuration.Heads) is int heads)
        {
            return heads;
        }

        if (UsualHeads.TryGetValue(dim, out int usual))
        {
            context.Assumptions.Add($"{usual} attention heads, as usual for {dim} channels.");
            return usual;
        }

        throw context.Refusal($"nothing tells the attention heads of its {dim} channels: {nameof(PretrainedOptions.Heads)} is needed");
    }

    private static void ThrowUnlessPoolingIsKnown(PretrainedContext context, bool hasClassToken)
    {
        bool hasPooledNorm = context.Source.HasTheirs("fc_norm.weight");
        if (hasPooledNorm && context.Source.HasTheirs("norm.weight"))
        {
            throw context.Refusal("it is normalized before and behind pooling, which is not read");
        }

        bool isAveraged = hasPooledNorm && context.Configuration.Pooling != "token" || context.Configuration.Pooling is not (null or "token" or "");
        if (isAveraged && hasClassToken)
        {
            throw context.Refusal("the mean of its patches is classified although it has a class token, which is not read");
        }

        if (!hasClassToken && !hasPooledNorm)
        {
            throw context.Refusal("it has no class token, and is not normalized behind pooling, which is not read");
        }
    }

    private static FeedForwardActivation ActivationOf(PretrainedContext context)
    {
        if (context.FindActivation() is FeedForwardActivation known)
        {
            return known;
        }

        if (context.IsTorchScript && context.Source.Table.ScriptActivation is FeedForwardActivation published)
        {
            context.Assumptions.Add($"Feed-forward layers apply {published}, as in all TorchScript archives under such names.");
            return published;
        }

        return context.Source.Table.Activation ?? throw context.Refusal(
            "some networks like it apply GELU, and some its approximation by a sigmoid, and nothing tells which: a configuration file "
            + $"beside it, or {nameof(PretrainedOptions.FeedForwardActivation)}, is needed");
    }
}
