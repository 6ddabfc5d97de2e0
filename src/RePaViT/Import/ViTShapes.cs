using RePaViT.Import.Resampling;
using RePaViT.IO;

namespace RePaViT.Import;

/// <summary>A ViT out of the shapes of its tensors.</summary>
internal static class ViTShapes
{
    // What is classified, as timm's config.json says it.
    private const string TokenPooling = "token";
    private const string MeanPooling = "avg";

    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        NamedSource source = context.Source;
        int[] patch = context.ShapeOf("patch_embed.proj.weight", 4);
        (int dim, int patchSize) = (patch[0], patch[3]);
        int depth = context.CountBlocks(block => $"blocks.{block}.attn.qkv.weight");
        bool hasClassToken = source.Has("cls_token");
        bool isAveraged = IsAveraged(context, hasClassToken);
        bool hasDistillationToken = source.Has("dist_token");
        int registers = source.ShapeOf("reg_token") is [_, > 0 and int count, _] ? count : 0;
        int classTokens = (hasClassToken ? 1 : 0) + (hasDistillationToken ? 1 : 0);
        var architecture = new ViTArchitecture
        {
            ImageSize = context.Options.ImageSize ?? patchSize * PositionTable.Find(context, patchSize).Side,
            PatchSize = patchSize,
            Dim = dim,
            Depth = depth,
            Heads = context.FindHeads(dim),
            Classes = context.FindClasses() ?? 1,
            IdleRatio = null,
            PatchBias = source.Has("patch_embed.proj.bias"),
            OmitsTokenNorm = !source.Has("norm_pre.weight"),
            RegisterTokens = registers + (isAveraged ? classTokens : 0),
            AveragePooling = isAveraged,
            DistillationToken = hasDistillationToken,
            FeedForwardActivation = context.RequireActivation(),
            NormEpsilon = context.Options.NormEpsilon ?? context.Configuration.NormEpsilon ?? source.Table.NormEpsilon,
        };
        string[] layers = [.. Enumerable.Range(0, depth).Select(block => $"blocks.{block}.mlp")];
        if (IdleShapes.HasHidden(context, layers[0]))
        {
            architecture = architecture with { MlpRatio = context.FindRatio($"{layers[0]}.fc1.weight", dim) };
        }

        return IdleShapes.Infer(context, layers, architecture.HiddenChannelsOf).Of(architecture);
    }

    /// <summary>Whether the mean of the patches is classified, not the class token.</summary>
    private static bool IsAveraged(PretrainedContext context, bool hasClassToken)
    {
        string? said = context.Configuration.Pooling;
        bool hasPooledNorm = context.Source.HasTheirs("fc_norm.weight");
        if (hasPooledNorm && context.Source.HasTheirs("norm.weight"))
        {
            throw context.Refusal("it is normalized both before and after pooling, which is not supported");
        }

        if (said is not (null or "" or TokenPooling or MeanPooling))
        {
            throw context.Refusal($"its pooling is '{Excerpt.Of(said)}', while only '{TokenPooling}' and '{MeanPooling}' are supported");
        }

        if (!hasPooledNorm && (said == MeanPooling || !hasClassToken))
        {
            throw context.Refusal(
                hasClassToken ? "the mean of its patches is classified, but not normalized after pooling, which is not supported"
                : "it has no class token, and is not normalized after pooling, which is not supported");
        }

        return hasPooledNorm && said != TokenPooling;
    }
}
