using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = x W' + b: dW += dy' x, db += sum of dy over rows, dx (+)= dy W.</summary>
internal sealed class LinearTraining(Linear linear) : TrainingOperator
{
    private readonly TrainingParameter _weight = new(linear.Weight);
    private readonly TrainingParameter? _bias = linear.Bias is null ? null : new(linear.Bias);

    public override IReadOnlyList<TrainingParameter> Parameters => _bias is null ? [_weight] : [_weight, _bias];

    public override bool CanSkipInputGradient => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.Multiply(x, _weight.Matrix, y, _bias is null ? default : GemmEpilogue.AddBias(_bias.Row));

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        context.MultiplyBackwardWeight(dy, x, _weight.GradientMatrix, accumulate: true);
        if (_bias is not null)
        {
            context.Columns.AddColumnSums(dy, _bias.Gradient);
        }

        if (dx.Rows > 0)
        {
            context.MultiplyBackwardInput(dy, _weight.Matrix, dx, accumulate);
        }
    }
}
