using System.Numerics.Tensors;
using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>tokens = patches W'. The first layer: its x are patches of the images, whose gradient nobody needs.</summary>
internal sealed class PatchEmbeddingTraining(PatchEmbedding layer, TrainingContext context) : TrainingLayer
{
    private readonly TrainingParameter _weight = new(layer.Tensors.Single());
    private readonly PinnedBuffer _output = new((long)context.BatchSize * layer.Tokens * layer.Dim);
    private Matrix _patches;

    public override IEnumerable<TrainingParameter> Parameters => [_weight];

    public override Matrix Forward(TrainingContext context, Matrix x)
    {
        _patches = x;
        Matrix y = _output.AsMatrix(x.Rows, layer.Dim);
        context.Multiply(x, _weight.Matrix, y, default);
        return y;
    }

    public override Matrix Backward(TrainingContext context, Matrix dy)
    {
        context.MultiplyBackwardWeight(dy, _patches, _weight.GradientMatrix, accumulate: true);
        return default;
    }
}

/// <summary>Puts a class token before each image's patches and adds the position table.</summary>
internal sealed class TokenEmbeddingTraining(TokenEmbedding layer, TrainingContext context) : TrainingLayer
{
    private readonly TrainingParameter _classToken = new(layer.Tensors.First());
    private readonly TrainingParameter _positions = new(layer.Tensors.Last());
    private readonly PinnedBuffer _output = new((long)context.BatchSize * layer.Tokens * layer.Dim);

    public override IEnumerable<TrainingParameter> Parameters => [_classToken, _positions];

    public override Matrix Forward(TrainingContext context, Matrix x)
    {
        Matrix y = _output.AsMatrix(context.Images * layer.Tokens, layer.Dim);
        for (int image = 0; image < context.Images; image++)
        {
            Matrix tokens = y.TakeRows(image * layer.Tokens, layer.Tokens);
            Matrix patches = x.TakeRows(image * (layer.Tokens - 1), layer.Tokens - 1);
            TensorPrimitives.Add(_classToken.Value, _positions.Value[..layer.Dim], tokens.Row(0));
            TensorPrimitives.Add(
                patches.AsSpan(), _positions.Value[layer.Dim..], tokens.TakeRows(1, layer.Tokens - 1).AsSpan());
        }

        return y;
    }

    public override Matrix Backward(TrainingContext context, Matrix dy)
    {
        Matrix dPatches = context.BranchGradient(context.Images * (layer.Tokens - 1), layer.Dim);
        for (int image = 0; image < context.Images; image++)
        {
            Matrix tokens = dy.TakeRows(image * layer.Tokens, layer.Tokens);
            TensorPrimitives.Add(_positions.Gradient, tokens.AsSpan(), _positions.Gradient);
            TensorPrimitives.Add(_classToken.Gradient, tokens.Row(0), _classToken.Gradient);
            tokens.TakeRows(1, layer.Tokens - 1).AsSpan()
                .CopyTo(dPatches.TakeRows(image * (layer.Tokens - 1), layer.Tokens - 1).AsSpan());
        }

        return dPatches;
    }
}

/// <summary>y = LN(x). The gradient of x is made in the memory of that of y.</summary>
internal sealed class LayerNormalizationTraining(LayerNormalization layer) : TrainingLayer
{
    private readonly LayerNormOperator _norm = new(layer);
    private readonly ScratchBuffer _output = new();

    public override IEnumerable<TrainingParameter> Parameters => _norm.Parameters;

    public override Matrix Forward(TrainingContext context, Matrix x)
    {
        Matrix y = _output.AsMatrix(x.Rows, x.Columns);
        _norm.Forward(context, x, y);
        return y;
    }

    public override Matrix Backward(TrainingContext context, Matrix dy)
    {
        _norm.Backward(context, dy, dy, accumulate: false);
        return dy;
    }
}

/// <summary>Keeps each image's class token.</summary>
internal sealed class ClassTokenPoolingTraining(ClassTokenPooling layer, TrainingContext context) : TrainingLayer
{
    private readonly PinnedBuffer _output = new((long)context.BatchSize * layer.Dim);
    private readonly PinnedBuffer _gradient = new((long)context.BatchSize * layer.Tokens * layer.Dim);

    public override IEnumerable<TrainingParameter> Parameters => [];

    public override Matrix Forward(TrainingContext context, Matrix x)
    {
        Matrix y = _output.AsMatrix(context.Images, layer.Dim);
        for (int image = 0; image < context.Images; image++)
        {
            x.Row(image * layer.Tokens).CopyTo(y.Row(image));
        }

        return y;
    }

    public override Matrix Backward(TrainingContext context, Matrix dy)
    {
        Matrix dx = _gradient.AsMatrix(context.Images * layer.Tokens, layer.Dim);
        dx.AsSpan().Clear();
        for (int image = 0; image < context.Images; image++)
        {
            dy.Row(image).CopyTo(dx.Row(image * layer.Tokens));
        }

        return dx;
    }
}

/// <summary>logits = x W' + b.</summary>
internal sealed class ProjectionTraining(Projection layer, TrainingContext context) : TrainingLayer
{
    private readonly Linear _linear = new(layer);
    private readonly PinnedBuffer _output = new((long)context.BatchSize * layer.Outputs);
    private readonly PinnedBuffer _gradient = new((long)context.BatchSize * layer.Inputs);
    private Matrix _x;

    public override IEnumerable<TrainingParameter> Parameters => _linear.Parameters;

    public override Matrix Forward(TrainingContext context, Matrix x)
    {
        _x = x;
        Matrix y = _output.AsMatrix(x.Rows, layer.Outputs);
        _linear.Forward(context, x, y);
        return y;
    }

    public override Matrix Backward(TrainingContext context, Matrix dy)
    {
        Matrix dx = _gradient.AsMatrix(dy.Rows, layer.Inputs);
        _linear.Backward(context, _x, dy, dx);
        return dx;
    }
}
