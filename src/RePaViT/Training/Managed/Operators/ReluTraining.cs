using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>ReLU on the first columns; the others pass. What it gave tells where it let something through.</summary>
internal sealed class ReluTraining : TrainingOperator
{
    private readonly int _columns;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private Matrix _from;
    private Matrix _to;
    private Matrix _y;

    public ReluTraining(Activate activation)
    {
        _columns = activation.Columns;
        _forward = (chunk, _) => Forward(_from.Chunk(chunk), _to.Chunk(chunk));
        _backward = (chunk, _) => Backward(_y.Chunk(chunk), _from.Chunk(chunk), _to.Chunk(chunk));
    }

    public override bool KeepsInput => false;

    public override bool KeepsResult => true;

    public override bool IsInPlace => true;

    public override bool IsInPlaceBackward => true;

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_from, _to) = (x, y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_y, _from, _to) = (y, dy, dx);
        context.Team.Run(RowChunks.Count(dy.Rows), _backward);
    }

    private void Forward(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Relu.Forward(x.Row(row)[.._columns], y.Row(row)[.._columns]);
            x.Row(row)[_columns..].CopyTo(y.Row(row)[_columns..]);
        }
    }

    private void Backward(Matrix y, Matrix dy, Matrix dx)
    {
        for (int row = 0; row < dy.Rows; row++)
        {
            Relu.Backward(y.Row(row)[.._columns], dy.Row(row)[.._columns], dx.Row(row)[.._columns]);
            dy.Row(row)[_columns..].CopyTo(dx.Row(row)[_columns..]);
        }
    }
}
