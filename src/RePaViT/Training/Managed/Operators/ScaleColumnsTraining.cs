using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = x scale, per column: dscale += sum of dy x over rows, dx (+)= dy scale.</summary>
internal sealed class ScaleColumnsTraining : TrainingOperator
{
    private readonly TrainingParameter _scale;
    private readonly ScratchBuffer _products = new();
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _multiply;
    private readonly Action<int, int> _backward;
    private Matrix _x;
    private Matrix _y;
    private Matrix _dy;
    private Matrix _dx;
    private Matrix _product;
    private bool _accumulate;

    public ScaleColumnsTraining(ScaleColumns operation)
    {
        _scale = new TrainingParameter(operation.Scale);
        _forward = (chunk, _) => Forward(_x.Chunk(chunk), _y.Chunk(chunk));
        _multiply = (chunk, _) => TensorPrimitives.Multiply(_x.Chunk(chunk).AsSpan(), _dy.Chunk(chunk).AsSpan(), _product.Chunk(chunk).AsSpan());
        _backward = (chunk, _) => Backward(_dy.Chunk(chunk), _dx.Chunk(chunk));
    }

    public override IReadOnlyList<TrainingParameter> Parameters => [_scale];

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y) = (x, y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_x, _dy, _dx, _accumulate) = (x, dy, dx, accumulate);
        _product = _products.AsMatrix(dy.Rows, dy.Columns);
        int chunks = RowChunks.Count(dy.Rows);
        context.Team.Run(chunks, _multiply);
        context.Columns.AddColumnSums(_product, _scale.Gradient);
        context.Team.Run(chunks, _backward);
    }

    private void Forward(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Multiply(x.Row(row), _scale.Value, y.Row(row));
        }
    }

    private void Backward(Matrix dy, Matrix dx)
    {
        for (int row = 0; row < dy.Rows; row++)
        {
            if (_accumulate)
            {
                TensorPrimitives.MultiplyAdd(dy.Row(row), _scale.Value, dx.Row(row), dx.Row(row));
            }
            else
            {
                TensorPrimitives.Multiply(dy.Row(row), _scale.Value, dx.Row(row));
            }
        }
    }
}
