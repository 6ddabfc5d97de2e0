using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Means over the windows of a map.</summary>
internal sealed class AveragePoolTraining(AveragePool pool) : TrainingOperator
{
    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.Pooling.Pool(x, y, pool.Size, pool.Reach);

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
        => context.Pooling.Spread(dy, dx, pool.Size, pool.Reach, accumulate);
}
