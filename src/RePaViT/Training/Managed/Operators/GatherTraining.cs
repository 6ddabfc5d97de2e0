using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Elements by a table; the way back adds them where they came from.</summary>
internal sealed class GatherTraining(Gather gather) : TrainingOperator
{
    private readonly int[] _indices = gather.Table.Indices();

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
        => context.ImageKernels.Gather(x, y, _indices, gather.Table.Unit, context.Images);

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        if (!accumulate)
        {
            dx.AsSpan().Clear();
        }

        context.ImageKernels.Scatter(dy, dx, _indices, gather.Table.Unit, context.Images);
    }
}
