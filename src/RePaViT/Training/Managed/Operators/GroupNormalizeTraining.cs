using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Normalizes each image over all its rows and columns.</summary>
internal sealed class GroupNormalizeTraining(GroupNormalize norm) : TrainingOperator
{
    private readonly TrainingParameter _gamma = new(norm.Gamma);
    private readonly TrainingParameter _beta = new(norm.Beta);
    private readonly ScratchBuffer _statistics = new();

    public override IReadOnlyList<TrainingParameter> Parameters => [_gamma, _beta];

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.GroupNorm.Forward(x, y, _gamma.Row, _beta.Row, norm.Epsilon, _statistics.AsMatrix(context.Images, 2));

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
        => context.GroupNorm.Backward(
            x, _statistics.AsMatrix(context.Images, 2), _gamma.Row, dy, dx, accumulate, _gamma.Gradient, _beta.Gradient);
}
