using System.Numerics.Tensors;
using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>A layer with its weights packed: takes the context's tokens and leaves its own there.</summary>
internal abstract class InferenceStep
{
    public abstract void Run(InferenceContext context);

    /// <summary>The step that computes a layer.</summary>
    public static InferenceStep Of(Layer layer, NamedTensors weights, ThreadTeam team) => layer switch
    {
        PatchEmbedding patches => new PatchEmbeddingStep(patches, weights, team),
        TokenEmbedding tokens => new TokenEmbeddingStep(tokens, weights),
        LayerNormalization norm => new LayerNormalizationStep(norm, weights),
        AttentionBlock attention => new AttentionStep(attention, weights, team),
        VanillaFeedForward feedForward => new VanillaFeedForwardStep(feedForward, weights, team),
        ChannelIdleFeedForward feedForward => new ChannelIdleFeedForwardStep(feedForward, weights, team),
        ReparameterizedFeedForward feedForward => new ReparameterizedFeedForwardStep(feedForward, weights, team),
        Projection projection => new ProjectionStep(projection, weights, team),
        _ => throw new NotSupportedException($"The inference engine has no layer {layer.GetType().Name}."),
    };
}

/// <summary>tokens = patches W' + b.</summary>
internal sealed class PatchEmbeddingStep(PatchEmbedding layer, NamedTensors weights, ThreadTeam team) : InferenceStep
{
    private readonly PackedLinear _linear = PackedLinear.Of(weights[layer.Weight], weights[layer.BiasName].Data, team);

    public override void Run(InferenceContext context)
    {
        Matrix result = context.Branch;
        context.Gemm.Multiply(context.Tokens, _linear.Weight, result, GemmEpilogue.AddBias(_linear.Bias));
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
internal sealed class LayerNormalizationStep(LayerNormalization layer, NamedTensors weights) : InferenceStep
{
    private readonly PinnedBuffer _weight = PackedLinear.Vector(weights[layer.Weight].Data);
    private readonly PinnedBuffer _bias = PackedLinear.Vector(weights[layer.Bias].Data);

    public override void Run(InferenceContext context) => Run(context, context.Tokens);

    public void Run(InferenceContext context, Matrix result)
        => context.Rows.Normalize(
            context.Tokens, result, _weight.AsMatrix(1, layer.Dim), _bias.AsMatrix(1, layer.Dim), layer.Epsilon);
}

/// <summary>x += Proj(MHSA(LN(x))), with all but the normalization itself folded into the weights.</summary>
internal sealed class AttentionStep(AttentionBlock layer, NamedTensors weights, ThreadTeam team) : InferenceStep
{
    private readonly PackedLinear _qkv = PackedLinear.Of(layer.Qkv, weights, team);
    private readonly PackedLinear _proj = PackedLinear.Of(layer.Proj, weights, team);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        context.Rows.Normalize(context.Tokens, branch, default, default, layer.Epsilon);
        context.Gemm.Multiply(branch, _qkv.Weight, context.Qkv, GemmEpilogue.AddBias(_qkv.Bias));
        context.Attention.Forward(context.Qkv, branch);
        context.Gemm.Multiply(branch, _proj.Weight, context.Tokens, GemmEpilogue.AddBias(_proj.Bias), accumulate: true);
    }
}

/// <summary>
/// The last attention, of which nothing but the class tokens is read: x += Proj(MHSA(LN(x))) for those. Keys and values
/// are of all tokens, and all else is of one row for each image.
/// </summary>
internal sealed class ClassTokenAttentionStep : InferenceStep
{
    private readonly AttentionBlock _layer;
    private readonly PackedLinear _queries;
    private readonly PackedLinear _keysValues;
    private readonly PackedLinear _proj;

    public ClassTokenAttentionStep(AttentionBlock layer, NamedTensors weights, ThreadTeam team)
    {
        _layer = layer;
        PackedLinear qkv = PackedLinear.Of(layer.Qkv, weights, team);
        _queries = qkv.TakeOutputs(0, layer.Dim);
        _keysValues = qkv.TakeOutputs(layer.Dim, 2 * layer.Dim);
        _proj = PackedLinear.Of(layer.Proj, weights, team);
    }

    public override void Run(InferenceContext context)
    {
        int dim = _layer.Dim;
        Matrix branch = context.Branch;
        context.Rows.Normalize(context.Tokens, branch, default, default, _layer.Epsilon);
        Matrix keysValues = context.Qkv.TakeColumns(dim, 2 * dim);
        Matrix queries = context.Qkv.TakeColumns(0, dim).TakeRows(0, context.Images);
        context.Gemm.Multiply(branch, _keysValues.Weight, keysValues, GemmEpilogue.AddBias(_keysValues.Bias));
        context.Gemm.Multiply(
            branch.TakeEvery(_layer.Tokens), _queries.Weight, queries, GemmEpilogue.AddBias(_queries.Bias));

        context.Tokens = ClassTokens(context);
        Matrix attended = context.Branch;
        context.Attention.Forward(
            queries, keysValues.TakeColumns(0, dim), keysValues.TakeColumns(dim, dim), attended);
        context.Gemm.Multiply(attended, _proj.Weight, context.Tokens, GemmEpilogue.AddBias(_proj.Bias), accumulate: true);
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
internal sealed class VanillaFeedForwardStep(VanillaFeedForward layer, NamedTensors weights, ThreadTeam team) : InferenceStep
{
    private readonly LayerNormalizationStep _norm = new(layer.Norm, weights);
    private readonly PackedLinear _input = PackedLinear.Of(layer.Input, weights, team);
    private readonly PackedLinear _output = PackedLinear.Of(layer.Output, weights, team);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        Matrix hidden = context.Hidden(layer.Hidden);
        _norm.Run(context, branch);
        context.Gemm.Multiply(
            branch, _input.Weight, hidden, GemmEpilogue.AddBiasThenGelu(_input.Bias, layer.Hidden));
        context.Gemm.Multiply(
            hidden, _output.Weight, context.Tokens, GemmEpilogue.AddBias(_output.Bias), accumulate: true);
    }
}

/// <summary>x += BN2([GELU(u[:, :k]), u[:, k:]]) W2' + b2 with u = BN1(x) W1' + b1, in training form.</summary>
internal sealed class ChannelIdleFeedForwardStep(
    ChannelIdleFeedForward layer, NamedTensors weights, ThreadTeam team) : InferenceStep
{
    private readonly FixedBatchNormalization _inputNorm = new(layer.InputNorm, weights);
    private readonly FixedBatchNormalization _hiddenNorm = new(layer.HiddenNorm, weights);
    private readonly PackedLinear _input = PackedLinear.Of(layer.Input, weights, team);
    private readonly PackedLinear _output = PackedLinear.Of(layer.Output, weights, team);

    public override void Run(InferenceContext context)
    {
        Matrix branch = context.Branch;
        Matrix hidden = context.Hidden(layer.Hidden);
        _inputNorm.Run(context, context.Tokens, branch);
        context.Gemm.Multiply(
            branch, _input.Weight, hidden, GemmEpilogue.AddBiasThenGelu(_input.Bias, layer.Active));
        _hiddenNorm.Run(context, hidden, hidden);
        context.Gemm.Multiply(
            hidden, _output.Weight, context.Tokens, GemmEpilogue.AddBias(_output.Bias), accumulate: true);
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

    public ReparameterizedFeedForwardStep(ReparameterizedFeedForward layer, NamedTensors weights, ThreadTeam team)
    {
        _layer = layer;
        PackedLinear merged = PackedLinear.Of(layer.Merged, weights, team);
        if (layer.Active == 0)
        {
            _both = merged;
            return;
        }

        _both = PackedLinear.SideBySide(PackedLinear.Of(layer.Input, weights, team), merged);
        _output = PackedLinear.Of(layer.Output, weights, team);
    }

    public override void Run(InferenceContext context)
    {
        Matrix both = context.Hidden(_layer.Active + _layer.Dim);
        context.Gemm.Multiply(
            context.Tokens, _both.Weight, both, GemmEpilogue.AddBiasThenGelu(_both.Bias, _layer.Active));
        context.Tokens = both.TakeColumns(_layer.Active, _layer.Dim);
        if (_output is not null)
        {
            context.Gemm.Multiply(
                both.TakeColumns(0, _layer.Active), _output.Weight, context.Tokens, accumulate: true);
        }
    }
}

/// <summary>logits = x W' + b.</summary>
internal sealed class ProjectionStep(Projection layer, NamedTensors weights, ThreadTeam team) : InferenceStep
{
    private readonly PackedLinear _linear = PackedLinear.Of(layer, weights, team);

    public override void Run(InferenceContext context)
    {
        context.Gemm.Multiply(context.Tokens, _linear.Weight, context.Logits, GemmEpilogue.AddBias(_linear.Bias));
        context.Tokens = context.Logits;
    }
}
