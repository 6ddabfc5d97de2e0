using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>y = a + DropPath(GELU(LN(a) W1' + b1) W2' + b2).</summary>
internal sealed class VanillaFeedForwardTraining : ResidualLayer
{
    private readonly int _hiddenChannels;
    private readonly LayerNormOperator _norm;
    private readonly Linear _input;
    private readonly Linear _output;
    private readonly PinnedBuffer _normalizedBuffer;
    private readonly PinnedBuffer _linearBuffer;
    private readonly PinnedBuffer _hiddenBuffer;
    private readonly Action<int, int> _gelu;
    private readonly Action<int, int> _geluBackward;
    private Matrix _normalized;
    private Matrix _linear;
    private Matrix _hidden;
    private Matrix _dHidden;

    public VanillaFeedForwardTraining(VanillaFeedForward layer, TrainingContext context, DropPath dropPath)
        : base(layer.Tokens, layer.Dim, context.BatchSize, dropPath)
    {
        _hiddenChannels = layer.Hidden;
        _norm = new LayerNormOperator(layer.Norm);
        _input = new Linear(layer.Input);
        _output = new Linear(layer.Output);
        long rows = (long)context.BatchSize * layer.Tokens;
        _normalizedBuffer = new PinnedBuffer(rows * layer.Dim);
        _linearBuffer = new PinnedBuffer(rows * layer.Hidden);
        _hiddenBuffer = new PinnedBuffer(rows * layer.Hidden);
        _gelu = (chunk, _) => Gelu.Forward(_linear.Chunk(chunk).AsSpan(), _hidden.Chunk(chunk).AsSpan());
        _geluBackward = (chunk, _) => Gelu.Backward(
            _linear.Chunk(chunk).AsSpan(), _dHidden.Chunk(chunk).AsSpan(), _dHidden.Chunk(chunk).AsSpan());
    }

    public override IEnumerable<TrainingParameter> Parameters => [.. _norm.Parameters, .. _input.Parameters, .. _output.Parameters];

    protected override void ForwardBranch(TrainingContext context, Matrix x, Matrix branch)
    {
        _normalized = _normalizedBuffer.AsMatrix(x.Rows, x.Columns);
        _linear = _linearBuffer.AsMatrix(x.Rows, _hiddenChannels);
        _hidden = _hiddenBuffer.AsMatrix(x.Rows, _hiddenChannels);
        _norm.Forward(context, x, _normalized);
        _input.Forward(context, _normalized, _linear);
        context.Team.Run(RowChunks.Count(x.Rows), _gelu);
        _output.Forward(context, _hidden, branch);
    }

    protected override void BackwardBranch(TrainingContext context, Matrix dBranch, Matrix dx)
    {
        _dHidden = context.WideGradient(dx.Rows, _hiddenChannels);
        Matrix dNormalized = context.InputGradient(dx.Rows, dx.Columns);
        _output.Backward(context, _hidden, dBranch, _dHidden);
        context.Team.Run(RowChunks.Count(dx.Rows), _geluBackward);
        _input.Backward(context, _normalized, _dHidden, dNormalized);
        _norm.Backward(context, dNormalized, dx, accumulate: true);
    }
}
