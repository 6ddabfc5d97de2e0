using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Keeps one row of each image.</summary>
internal sealed class TakeRowTraining(TakeRow operation) : TrainingOperator
{
    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        int rows = x.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            x.Row(image * rows + operation.Row).CopyTo(y.Row(image));
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        if (!accumulate)
        {
            dx.AsSpan().Clear();
        }

        int rows = dx.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            PassOn(dy.TakeRows(image, 1), dx.TakeRows(image * rows + operation.Row, 1), accumulate);
        }
    }
}
