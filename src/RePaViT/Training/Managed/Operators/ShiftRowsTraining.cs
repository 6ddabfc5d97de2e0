using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Adds a number to each row of each image.</summary>
internal sealed class ShiftRowsTraining(ShiftRows operation) : TrainingOperator
{
    private readonly TrainingParameter _shift = new(operation.Shift);

    public override IReadOnlyList<TrainingParameter> Parameters => [_shift];

    public override bool IsInPlace => true;

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Add(x.Row(row), _shift.Value[row % _shift.Value.Length], y.Row(row));
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        for (int row = 0; row < dy.Rows; row++)
        {
            _shift.Gradient[row % _shift.Gradient.Length] += Reduce.Sum(dy.Row(row));
        }

        PassOn(dy, dx, accumulate);
    }
}
