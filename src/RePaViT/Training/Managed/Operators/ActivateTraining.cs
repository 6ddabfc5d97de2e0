using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>GELU on the first columns; the others pass.</summary>
internal sealed class ActivateTraining : TrainingOperator
{
    private readonly int _columns;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private Matrix _x;
    private Matrix _y;
    private Matrix _dy;
    private Matrix _dx;

    public ActivateTraining(Activate activation)
    {
        _columns = activation.Columns;
        _forward = (chunk, _) => Forward(_x.Chunk(chunk), _y.Chunk(chunk));
        _backward = (chunk, _) => Backward(_x.Chunk(chunk), _dy.Chunk(chunk), _dx.Chunk(chunk));
    }

    public override bool IsInPlaceBackward => true;

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y) = (x, y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_x, _dy, _dx) = (x, dy, dx);
        context.Team.Run(RowChunks.Count(x.Rows), _backward);
    }

    private void Forward(Matrix x, Matrix y)
    {
        if (_columns == x.Columns)
        {
            Gelu.Forward(x.AsSpan(), y.AsSpan());
            return;
        }

        for (int row = 0; row < x.Rows; row++)
        {
            Gelu.Forward(x.Row(row)[.._columns], y.Row(row)[.._columns]);
            x.Row(row)[_columns..].CopyTo(y.Row(row)[_columns..]);
        }
    }

    private void Backward(Matrix x, Matrix dy, Matrix dx)
    {
        if (_columns == x.Columns)
        {
            Gelu.Backward(x.AsSpan(), dy.AsSpan(), dx.AsSpan());
            return;
        }

        for (int row = 0; row < x.Rows; row++)
        {
            Gelu.Backward(x.Row(row)[.._columns], dy.Row(row)[.._columns], dx.Row(row)[.._columns]);
            dy.Row(row)[_columns..].CopyTo(dx.Row(row)[_columns..]);
        }
    }
}
