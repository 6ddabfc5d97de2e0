using System.Numerics.Tensors;
using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>A layer with its weights packed: takes the context's tokens and leaves its own there.</summary>
internal abstract class InferenceStep
{
    public abstract void Run(InferenceContext context);

    /// <summary>The step that computes a layer.</summary>
    public static InferenceStep Of(Layer layer, StepSource source) => layer switch
    {
        PatchEmbedding patches => new PatchEmbeddingStep(patches, source),
        TokenEmbedding tokens => new TokenEmbeddingStep(tokens, source.Weights),
        LayerNormalization norm => new LayerNormalizationStep(norm, source),
        AttentionBlock attention => new AttentionStep(attention, source),
        VanillaFeedForward feedForward => new VanillaFeedForwardStep(feedForward, source),
        ChannelIdleFeedForward feedForward => new ChannelIdleFeedForwardStep(feedForward, source),
        ReparameterizedFeedForward feedForward when source.Rounds(Math.Max(feedForward.Dim, feedForward.Active))
            => new QuantizedFeedForwardStep(feedForward, source),
        ReparameterizedFeedForward feedForward => new ReparameterizedFeedForwardStep(feedForward, source),
        Projection projection => new ProjectionStep(projection, source),
        _ => throw new NotSupportedException($"The inference engine has no layer {layer.GetType().Name}."),
    };
}

/// <summary>tokens = patches W' + b.</summary>
internal sealed class PatchEmbeddingStep(PatchEmbedding layer, StepSource source) : InferenceStep
{
    private readonly PackedLinear _linear =
        PackedLinear.Of(source.Weights[layer.Weight], layer.Dim, source.Weights[layer.BiasName].Data, source.Team);

    public override void Run(InferenceContext context)
    {
        Matrix result = context.Branch;
        _linear.Run(context, context.Tokens, result);
        context.Tokens = result;
    }
}

/// <summary>Puts the class token before each image's patches and adds the position table.</summary>
internal sealed class TokenEmbeddingStep : InferenceStep
{
    private readonly int _tokens;
    private readonly int _dim;
    private readonly float[] _classToken;
    private readonly float[] _positions;

    public TokenEmbeddingStep(TokenEmbedding layer, NamedTensors weights)
    {
        _tokens = layer.Tokens;
        _dim = layer.Dim;
        _positions = weights[layer.Positions].Data.ToArray();
        _classToken = new float[_dim];
        TensorPrimitives.Add(weights[layer.ClassToken].Data, _positions.AsSpan(0, _dim), _classToken);
    }

    public override void Run(InferenceContext context)
    {
        Matrix patches = context.Tokens;
        Matrix result = context.TokenBuffer;
        for (int image = 0; image < context.Images; image++)
        {
            _classToken.CopyTo(result.Row(image * _tokens));
            TensorPrimitives.Add(
                patches.TakeRows(image * (_tokens - 1), _tokens - 1).AsSpan(),
                _positions.AsSpan(_dim),
                result.TakeRows(image * _tokens + 1, _tokens - 1).AsSpan());
        }

        context.Tokens = result;
    }
}

/// <summary>Normalizes each token in place.</summary>
internal sealed class LayerNormalizationStep(LayerNormalization layer, StepSource source) : InferenceStep
{
    private readonly PinnedBuffer _weight = source.Vector(layer.Weight);
    private readonly PinnedBuffer _bias = source.Vector(layer.Bias);

    public override void Run(InferenceContext context) => Run(context, context.Tokens);

    public void Run(InferenceContext context, Matrix result)
        => context.Rows.Normalize(
            context.Tokens, result, _weight.AsMatrix(1, layer.Dim), _bias.AsMatrix(1, layer.Dim), layer.Epsilon);
}

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

/// <summary>logits = x W' + b.</summary>
internal sealed class ProjectionStep(Projection layer, StepSource source) : InferenceStep
{
    private readonly PackedLinear _linear = source.Packed(layer);

    public override void Run(InferenceContext context)
    {
        _linear.Run(context, context.Tokens, context.Logits);
        context.Tokens = context.Logits;
    }
}
