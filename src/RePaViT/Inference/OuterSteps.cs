using System.Numerics.Tensors;
using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

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
