using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>a = x + DropPath(Proj(MHSA(LN(x)))).</summary>
internal sealed class AttentionTraining : ResidualLayer
{
    private readonly LayerNormOperator _norm;
    private readonly Linear _qkv;
    private readonly Linear _proj;
    private readonly Attention _attention;
    private readonly PinnedBuffer _normalizedBuffer;
    private readonly PinnedBuffer _qkvBuffer;
    private readonly PinnedBuffer _attendedBuffer;
    private Matrix _normalized;
    private Matrix _queriesKeysValues;
    private Matrix _attended;

    public AttentionTraining(AttentionBlock layer, TrainingContext context, DropPath dropPath)
        : base(layer.Tokens, layer.Dim, context.BatchSize, dropPath)
    {
        _norm = new LayerNormOperator(layer.Norm);
        _qkv = new Linear(layer.Qkv);
        _proj = new Linear(layer.Proj);
        _attention = new Attention(
            context.Team, layer.Tokens, layer.Heads, layer.HeadDim, 1 / MathF.Sqrt(layer.HeadDim), training: true);
        long size = (long)context.BatchSize * layer.Tokens * layer.Dim;
        _normalizedBuffer = new PinnedBuffer(size);
        _qkvBuffer = new PinnedBuffer(3 * size);
        _attendedBuffer = new PinnedBuffer(size);
    }

    public override IEnumerable<TrainingParameter> Parameters => [.. _norm.Parameters, .. _qkv.Parameters, .. _proj.Parameters];

    protected override void ForwardBranch(TrainingContext context, Matrix x, Matrix branch)
    {
        _normalized = _normalizedBuffer.AsMatrix(x.Rows, x.Columns);
        _queriesKeysValues = _qkvBuffer.AsMatrix(x.Rows, 3 * x.Columns);
        _attended = _attendedBuffer.AsMatrix(x.Rows, x.Columns);
        _norm.Forward(context, x, _normalized);
        _qkv.Forward(context, _normalized, _queriesKeysValues);
        _attention.Forward(_queriesKeysValues, _attended);
        _proj.Forward(context, _attended, branch);
    }

    protected override void BackwardBranch(TrainingContext context, Matrix dBranch, Matrix dx)
    {
        Matrix dAttended = context.InputGradient(dx.Rows, dx.Columns);
        Matrix dQkv = context.WideGradient(dx.Rows, 3 * dx.Columns);
        _proj.Backward(context, _attended, dBranch, dAttended);
        _attention.Backward(_queriesKeysValues, _attended, dAttended, dQkv);
        Matrix dNormalized = dAttended;
        _qkv.Backward(context, _normalized, dQkv, dNormalized);
        _norm.Backward(context, dNormalized, dx, accumulate: true);
    }
}
