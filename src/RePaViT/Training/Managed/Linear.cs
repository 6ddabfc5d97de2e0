using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>y = x W' + b.</summary>
internal sealed class Linear(Projection layer)
{
    private readonly TrainingParameter _weight = new(layer.Tensors.First());
    private readonly TrainingParameter _bias = new(layer.Tensors.Last());

    public IEnumerable<TrainingParameter> Parameters => [_weight, _bias];

    /// <summary>y = x W' + b.</summary>
    public void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.Multiply(x, _weight.Matrix, y, GemmEpilogue.AddBias(_bias.Row));

    /// <summary>dW += dy' x, db += sum of dy over rows, dx = dy W.</summary>
    public void Backward(TrainingContext context, Matrix x, Matrix dy, Matrix dx)
    {
        context.MultiplyBackwardWeight(dy, x, _weight.GradientMatrix, accumulate: true);
        context.Columns.AddColumnSums(dy, _bias.Gradient);
        context.MultiplyBackwardInput(dy, _weight.Matrix, dx);
    }
}
