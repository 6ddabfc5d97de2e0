using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>x += Proj(MHSA(LN(x))), with all but the normalization itself folded into the weights.</summary>
internal sealed class AttentionStep(AttentionBlock layer, StepSource source) : InferenceStep
{
    private readonly LinearProduct _qkv = source.Product(layer.Qkv);
    private readonly LinearProduct _proj = source.Product(layer.Proj);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        context.Rows.Normalize(context.Tokens, branch, default, default, layer.Epsilon);
        _qkv.Run(context, branch, context.Qkv);
        context.Attention.Forward(context.Qkv, branch);
        _proj.Run(context, branch, context.Tokens, accumulate: true);
    }
}

/// <summary>
/// The last attention, of which nothing but the class tokens is read: x += Proj(MHSA(LN(x))) for those. Keys and values
/// are of all tokens, and all else is of one row for each image.
/// </summary>
internal sealed class ClassTokenAttentionStep : InferenceStep
{
    private readonly AttentionBlock _layer;
    private readonly LinearProduct _queries;
    private readonly LinearProduct _keysValues;
    private readonly LinearProduct _proj;

    public ClassTokenAttentionStep(AttentionBlock layer, StepSource source)
    {
        _layer = layer;
        PackedLinear qkv = source.Packed(layer.Qkv);
        _queries = source.Rounded(qkv.TakeOutputs(0, layer.Dim));
        _keysValues = source.Rounded(qkv.TakeOutputs(layer.Dim, 2 * layer.Dim));
        _proj = source.Product(layer.Proj);
    }

    public override void Run(InferenceContext context)
    {
        int dim = _layer.Dim;
        Matrix branch = context.Branch;
        context.Rows.Normalize(context.Tokens, branch, default, default, _layer.Epsilon);
        Matrix keysValues = context.Qkv.TakeColumns(dim, 2 * dim);
        Matrix queries = context.Qkv.TakeColumns(0, dim).TakeRows(0, context.Images);
        _keysValues.Run(context, branch, keysValues);
        _queries.Run(context, branch.TakeEvery(_layer.Tokens), queries);

        context.Tokens = ClassTokens(context);
        Matrix attended = context.Branch;
        context.Attention.Forward(
            queries, keysValues.TakeColumns(0, dim), keysValues.TakeColumns(dim, dim), attended);
        _proj.Run(context, attended, context.Tokens, accumulate: true);
    }

    private Matrix ClassTokens(InferenceContext context)
    {
        Matrix source = context.Tokens.TakeEvery(_layer.Tokens);
        Matrix result = context.TokenBuffer.TakeRows(0, context.Images);
        for (int image = 0; image < context.Images; image++)
        {
            source.Row(image).CopyTo(result.Row(image));
        }

        return result;
    }
}
