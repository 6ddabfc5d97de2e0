using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Adds a table to each image.</summary>
internal sealed class AddTableTraining(AddTable operation) : TrainingOperator
{
    private readonly TrainingParameter _table = new(operation.Table);

    public override IReadOnlyList<TrainingParameter> Parameters => [_table];

    public override bool IsInPlace => true;

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        int rows = x.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            TensorPrimitives.Add(
                x.TakeRows(image * rows, rows).AsSpan(), _table.Value, y.TakeRows(image * rows, rows).AsSpan());
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        int rows = dy.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            TensorPrimitives.Add(_table.Gradient, dy.TakeRows(image * rows, rows).AsSpan(), _table.Gradient);
        }

        PassOn(dy, dx, accumulate);
    }
}
