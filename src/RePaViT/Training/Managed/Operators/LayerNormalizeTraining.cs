using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = LN(x), row by row.</summary>
internal sealed class LayerNormalizeTraining : TrainingOperator
{
    private readonly TrainingParameter _gamma;
    private readonly TrainingParameter _beta;
    private readonly ScratchBuffer _statistics = new();
    private readonly ScratchBuffer _sums = new();
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private Matrix _x;
    private Matrix _y;
    private Matrix _dy;
    private Matrix _dx;
    private Matrix _rowStatistics;
    private Matrix _chunkSums;
    private bool _accumulate;

    public LayerNormalizeTraining(LayerNormalize norm)
    {
        if (norm.Gamma is null || norm.Beta is null)
        {
            throw new NotSupportedException("A layer normalization whose affine part is folded into other weights cannot be trained.");
        }

        _gamma = new TrainingParameter(norm.Gamma);
        _beta = new TrainingParameter(norm.Beta);
        _forward = (chunk, _) => LayerNorm.Forward(
            _x.Chunk(chunk), _y.Chunk(chunk), _gamma.Row, _beta.Row, norm.Epsilon, _rowStatistics.Chunk(chunk));
        _backward = (chunk, _) => LayerNorm.Backward(
            _x.Chunk(chunk), _rowStatistics.Chunk(chunk), _gamma.Row, _dy.Chunk(chunk), _dx.Chunk(chunk), _accumulate,
            _chunkSums.TakeRows(2 * chunk, 2));
    }

    public override IReadOnlyList<TrainingParameter> Parameters => [_gamma, _beta];

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y) = (x, y);
        _rowStatistics = _statistics.AsMatrix(x.Rows, 2);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_x, _dy, _dx, _accumulate) = (x, dy, dx, accumulate);
        int chunks = RowChunks.Count(dy.Rows);
        _chunkSums = _sums.AsMatrix(2 * chunks, dy.Columns);
        _chunkSums.AsSpan().Clear();
        context.Team.Run(chunks, _backward);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            TensorPrimitives.Add(_gamma.Gradient, _chunkSums.Row(2 * chunk), _gamma.Gradient);
            TensorPrimitives.Add(_beta.Gradient, _chunkSums.Row(2 * chunk + 1), _beta.Gradient);
        }
    }
}
