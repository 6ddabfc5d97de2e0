using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>x += GELU(LN(x) W1' + b1) W2' + b2.</summary>
internal sealed class VanillaFeedForwardStep(VanillaFeedForward layer, StepSource source) : InferenceStep
{
    private readonly LayerNormalizationStep _norm = new(layer.Norm, source);
    private readonly LinearProduct _input = source.Product(layer.Input);
    private readonly LinearProduct _output = source.Product(layer.Output);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        Matrix hidden = context.Hidden(layer.Hidden);
        _norm.Run(context, branch);
        _input.Run(context, branch, hidden, geluColumns: layer.Hidden);
        _output.Run(context, hidden, context.Tokens, accumulate: true);
    }
}

/// <summary>x += BN2([GELU(u[:, :k]), u[:, k:]]) W2' + b2 with u = BN1(x) W1' + b1, in training form.</summary>
internal sealed class ChannelIdleFeedForwardStep(ChannelIdleFeedForward layer, StepSource source) : InferenceStep
{
    private readonly FixedBatchNormalization _inputNorm = new(layer.InputNorm, source.Weights);
    private readonly FixedBatchNormalization _hiddenNorm = new(layer.HiddenNorm, source.Weights);
    private readonly LinearProduct _input = source.Product(layer.Input);
    private readonly LinearProduct _output = source.Product(layer.Output);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        Matrix hidden = context.Hidden(layer.Hidden);
        _inputNorm.Run(context, context.Tokens, branch);
        _input.Run(context, branch, hidden, geluColumns: layer.Active);
        _hiddenNorm.Run(context, hidden, hidden);
        _output.Run(context, hidden, context.Tokens, accumulate: true);
    }

    /// <summary>Batch normalization with its running statistics: scale and shift per channel.</summary>
    private sealed class FixedBatchNormalization
    {
        private readonly PinnedBuffer _scale;
        private readonly PinnedBuffer _shift;

        public FixedBatchNormalization(BatchNormalization layer, NamedTensors weights)
        {
            _scale = new PinnedBuffer(layer.Dim);
            _shift = new PinnedBuffer(layer.Dim);
            for (int i = 0; i < layer.Dim; i++)
            {
                double scale = weights[layer.Weight].Data[i] / Math.Sqrt((double)weights[layer.Variance].Data[i] + layer.Epsilon);
                _scale.Span[i] = (float)scale;
                _shift.Span[i] = (float)(weights[layer.Bias].Data[i] - weights[layer.Mean].Data[i] * scale);
            }
        }

        public void Run(InferenceContext context, Matrix x, Matrix y)
            => context.Rows.ScaleAndShift(x, y, _scale.AsMatrix(1, x.Columns), _shift.AsMatrix(1, x.Columns));
    }
}

/// <summary>
/// [GELU(x Win' + bin) | x M' + b] as one product, then the second part += first part Wout'. The second part is the
/// result where it stands: nothing is copied.
/// </summary>
internal sealed class ReparameterizedFeedForwardStep : InferenceStep
{
    private readonly ReparameterizedFeedForward _layer;
    private readonly PackedLinear _both;
    private readonly PackedLinear? _output;

    public ReparameterizedFeedForwardStep(ReparameterizedFeedForward layer, StepSource source)
    {
        _layer = layer;
        PackedLinear merged = source.Packed(layer.Merged);
        if (layer.Active == 0)
        {
            _both = merged;
            return;
        }

        _both = PackedLinear.SideBySide(source.Packed(layer.Input), merged);
        _output = source.Packed(layer.Output);
    }

    public override void Run(InferenceContext context)
    {
        Matrix both = context.Hidden(_layer.Active + _layer.Dim);
        _both.Run(context, context.Tokens, both, geluColumns: _layer.Active);
        context.Tokens = both.TakeColumns(_layer.Active, _layer.Dim);
        _output?.Run(context, both.TakeColumns(0, _layer.Active), context.Tokens, accumulate: true);
    }
}

/// <summary>
/// The same with factors rounded to 8 bits, but not the tokens themselves, which M holds a copy of: with r for rounding,
/// h = GELU(r(x) Win' + bin), then x += r(x) r(M - 1)' + b, then x += r(h) Wout'.
/// </summary>
internal sealed class QuantizedFeedForwardStep : InferenceStep
{
    private readonly ReparameterizedFeedForward _layer;
    private readonly QuantizedLinear _merged;
    private readonly QuantizedLinear? _input;
    private readonly QuantizedLinear? _output;

    public QuantizedFeedForwardStep(ReparameterizedFeedForward layer, StepSource source)
    {
        _layer = layer;
        _merged = source.Packed(layer.Merged).Quantize(source.Team, withoutShortcut: true);
        if (layer.Active > 0)
        {
            _input = source.Packed(layer.Input).Quantize(source.Team);
            _output = source.Packed(layer.Output).Quantize(source.Team);
        }
    }

    public override void Run(InferenceContext context)
    {
        Matrix hidden = context.Hidden(_layer.Active);
        context.Rounded.Quantize(context.Team, context.Tokens);
        _input?.RunAgain(context, hidden, geluColumns: _layer.Active);
        _merged.RunAgain(context, context.Tokens, accumulate: true);
        _output?.Run(context, hidden, context.Tokens, accumulate: true);
    }
}
