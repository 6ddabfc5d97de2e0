using System.Numerics.Tensors;
using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>y = LN(x), row by row.</summary>
internal sealed class LayerNormOperator
{
    private readonly LayerNormalization _layer;
    private readonly TrainingParameter _weight;
    private readonly TrainingParameter _bias;
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

    public LayerNormOperator(LayerNormalization layer)
    {
        _layer = layer;
        _weight = new TrainingParameter(layer.Tensors.First());
        _bias = new TrainingParameter(layer.Tensors.Last());
        _forward = (chunk, _) => LayerNorm.Forward(
            _x.Chunk(chunk), _y.Chunk(chunk), _weight.Row, _bias.Row, _layer.Epsilon, _rowStatistics.Chunk(chunk));
        _backward = (chunk, _) => LayerNorm.Backward(
            _x.Chunk(chunk), _rowStatistics.Chunk(chunk), _weight.Row, _dy.Chunk(chunk), _dx.Chunk(chunk), _accumulate,
            _chunkSums.TakeRows(2 * chunk, 2));
    }

    public IEnumerable<TrainingParameter> Parameters => [_weight, _bias];

    public void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y) = (x, y);
        _rowStatistics = _statistics.AsMatrix(x.Rows, 2);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    /// <summary>The gradient of the last x, in or added to dx; dx may be dy itself where it is not added.</summary>
    public void Backward(TrainingContext context, Matrix dy, Matrix dx, bool accumulate)
    {
        (_dy, _dx, _accumulate) = (dy, dx, accumulate);
        int chunks = RowChunks.Count(dy.Rows);
        _chunkSums = _sums.AsMatrix(2 * chunks, dy.Columns);
        _chunkSums.AsSpan().Clear();
        context.Team.Run(chunks, _backward);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            TensorPrimitives.Add(_weight.Gradient, _chunkSums.Row(2 * chunk), _weight.Gradient);
            TensorPrimitives.Add(_bias.Gradient, _chunkSums.Row(2 * chunk + 1), _bias.Gradient);
        }
    }
}
