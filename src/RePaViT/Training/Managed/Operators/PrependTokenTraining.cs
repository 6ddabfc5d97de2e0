using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Puts a row before those of each image.</summary>
internal sealed class PrependTokenTraining(PrependToken operation) : TrainingOperator
{
    private readonly TrainingParameter _token = new(operation.Token);

    public override IReadOnlyList<TrainingParameter> Parameters => [_token];

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        int rows = y.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            _token.Value.CopyTo(y.Row(image * rows));
            x.TakeRows(image * (rows - 1), rows - 1).AsSpan().CopyTo(y.TakeRows(image * rows + 1, rows - 1).AsSpan());
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        int rows = dy.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            TensorPrimitives.Add(_token.Gradient, dy.Row(image * rows), _token.Gradient);
            dy.TakeRows(image * rows + 1, rows - 1).AsSpan().CopyTo(dx.TakeRows(image * (rows - 1), rows - 1).AsSpan());
        }
    }
}
