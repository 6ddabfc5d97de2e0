using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>y = x' within each image.</summary>
internal sealed class TransposeTraining : TrainingOperator
{
    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.ImageKernels.Transpose(x, y, context.Images);

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
        => context.ImageKernels.Transpose(dy, dx, context.Images, accumulate);
}
