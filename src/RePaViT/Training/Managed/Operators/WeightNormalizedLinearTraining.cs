using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = x W', W being V with rows of length 1: dV gets what of dW = dy' x is across the rows, over their lengths; dx (+)= dy W.</summary>
internal sealed class WeightNormalizedLinearTraining : TrainingOperator
{
    private readonly TrainingParameter _direction;
    private readonly PinnedBuffer _unit;
    private readonly Action<int, int> _normalize;
    private readonly Action<int, int> _passBack;
    private Matrix _unitGradient;

    public WeightNormalizedLinearTraining(WeightNormalizedLinear linear)
    {
        _direction = new TrainingParameter(linear.Direction);
        _unit = new PinnedBuffer(linear.Direction.Length);
        _normalize = (chunk, _) => UnitRows.Forward(_direction.Matrix.Chunk(chunk), Unit.Chunk(chunk), NormalizeRows.Epsilon);
        _passBack = (chunk, _) => UnitRows.Backward(
            _direction.Matrix.Chunk(chunk), Unit.Chunk(chunk), _unitGradient.Chunk(chunk), _direction.GradientMatrix.Chunk(chunk),
            NormalizeRows.Epsilon, accumulate: true);
    }

    public override IReadOnlyList<TrainingParameter> Parameters => [_direction];

    public override bool CanSkipInputGradient => true;

    private Matrix Unit => _unit.AsMatrix(_direction.Matrix.Rows, _direction.Matrix.Columns);

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        context.Team.Run(RowChunks.Count(Unit.Rows), _normalize);
        context.Multiply(x, Unit, y);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        _unitGradient = context.WeightGradient(Unit.Rows, Unit.Columns);
        context.MultiplyBackwardWeight(dy, x, _unitGradient, accumulate: false);
        context.Team.Run(RowChunks.Count(Unit.Rows), _passBack);
        if (dx.Rows > 0)
        {
            context.MultiplyBackwardInput(dy, Unit, dx, accumulate);
        }
    }
}
