using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Every row to length 1.</summary>
internal sealed class NormalizeRowsTraining : TrainingOperator
{
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private Matrix _x;
    private Matrix _y;
    private Matrix _dy;
    private Matrix _dx;
    private bool _accumulate;

    public NormalizeRowsTraining()
    {
        _forward = (chunk, _) => UnitRows.Forward(_x.Chunk(chunk), _y.Chunk(chunk), NormalizeRows.Epsilon);
        _backward = (chunk, _) => UnitRows.Backward(
            _x.Chunk(chunk), _y.Chunk(chunk), _dy.Chunk(chunk), _dx.Chunk(chunk), NormalizeRows.Epsilon, _accumulate);
    }

    public override bool KeepsResult => true;

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y) = (x, y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_x, _y, _dy, _dx, _accumulate) = (x, y, dy, dx, accumulate);
        context.Team.Run(RowChunks.Count(dy.Rows), _backward);
    }
}
