using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>
/// An activation of the first columns; the others pass. The way back of most needs what they took; what ReLU gave tells where
/// it let something through.
/// </summary>
internal sealed class ActivateTraining : TrainingOperator
{
    private readonly int _columns;
    private readonly ActivationKind _kind;
    private readonly bool _keepsResult;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private Matrix _kept;
    private Matrix _from;
    private Matrix _to;

    public ActivateTraining(Activate activation)
    {
        _columns = activation.Columns;
        _kind = activation.Kind;
        _keepsResult = ActivationKernels.KeepsResult(_kind);
        _forward = (chunk, _) => Forward(_from.Chunk(chunk), _to.Chunk(chunk));
        _backward = (chunk, _) => Backward(_kept.Chunk(chunk), _from.Chunk(chunk), _to.Chunk(chunk));
    }

    public override bool KeepsResult => _keepsResult;

    public override bool IsInPlace => _keepsResult;

    public override bool IsInPlaceBackward => true;

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_from, _to) = (x, y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_kept, _from, _to) = (_keepsResult ? y : x, dy, dx);
        context.Team.Run(RowChunks.Count(dy.Rows), _backward);
    }

    private void Forward(Matrix x, Matrix y)
    {
        if (_columns == x.Columns)
        {
            ActivationKernels.Forward(_kind, x.AsSpan(), y.AsSpan());
            return;
        }

        for (int row = 0; row < x.Rows; row++)
        {
            ActivationKernels.Forward(_kind, x.Row(row)[.._columns], y.Row(row)[.._columns]);
            x.Row(row)[_columns..].CopyTo(y.Row(row)[_columns..]);
        }
    }

    private void Backward(Matrix kept, Matrix dy, Matrix dx)
    {
        if (_columns == dy.Columns)
        {
            ActivationKernels.Backward(_kind, kept.AsSpan(), dy.AsSpan(), dx.AsSpan());
            return;
        }

        for (int row = 0; row < dy.Rows; row++)
        {
            ActivationKernels.Backward(_kind, kept.Row(row)[.._columns], dy.Row(row)[.._columns], dx.Row(row)[.._columns]);
            dy.Row(row)[_columns..].CopyTo(dx.Row(row)[_columns..]);
        }
    }
}
