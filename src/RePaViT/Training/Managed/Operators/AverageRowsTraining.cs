using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>The mean of the rows of each image.</summary>
internal sealed class AverageRowsTraining : TrainingOperator
{
    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.ImageKernels.AverageRows(x, y, context.Images);

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
        => context.ImageKernels.SpreadRows(dy, dx, context.Images, accumulate);
}
