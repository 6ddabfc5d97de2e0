using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = gamma xh + beta with xh = (x - mean) / deviation over all rows of the batch.</summary>
internal sealed class BatchNormalizeTraining : TrainingOperator
{
    private readonly BatchNormParameters _parameters;
    private readonly ScratchBuffer _normalized = new();
    private readonly ScratchBuffer _products = new();
    private readonly float[] _mean;
    private readonly float[] _scale;
    private readonly float[] _dGamma;
    private readonly float[] _dBeta;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _multiply;
    private readonly Action<int, int> _backward;
    private Matrix _from;
    private Matrix _to;
    private Matrix _xh;
    private Matrix _product;
    private bool _accumulate;

    public BatchNormalizeTraining(BatchNormalize norm)
    {
        _parameters = new BatchNormParameters(norm);
        _mean = new float[norm.Columns];
        _scale = new float[norm.Columns];
        _dGamma = new float[norm.Columns];
        _dBeta = new float[norm.Columns];
        _forward = (chunk, _) => Forward(_from.Chunk(chunk), _xh.Chunk(chunk), _to.Chunk(chunk));
        _multiply = (chunk, _) => TensorPrimitives.Multiply(_from.Chunk(chunk).AsSpan(), _xh.Chunk(chunk).AsSpan(), _product.Chunk(chunk).AsSpan());
        _backward = (chunk, _) => Backward(_from.Chunk(chunk), _xh.Chunk(chunk), _product.Chunk(chunk), _to.Chunk(chunk));
    }

    public override IReadOnlyList<TrainingParameter> Parameters => _parameters.Parameters;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        context.Columns.GatherMoments(x);
        context.Columns.GetMoments(_mean, _scale);
        _parameters.TakeStatistics(0, _mean, _scale, x.Rows);
        (_from, _xh, _to) = (x, _normalized.AsMatrix(x.Rows, x.Columns), y);
        context.Team.Run(RowChunks.Count(x.Rows), _forward);
    }

    /// <summary>
    /// dbeta += sum of dy, dgamma += sum of dy xh; with dxh = gamma dy the means that the way back needs follow from these.
    /// </summary>
    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        (_from, _to, _accumulate) = (dy, dx, accumulate);
        (_xh, _product) = (_normalized.AsMatrix(dy.Rows, dy.Columns), _products.AsMatrix(dy.Rows, dy.Columns));
        int chunks = RowChunks.Count(dy.Rows);
        context.Team.Run(chunks, _multiply);
        Array.Clear(_dGamma);
        Array.Clear(_dBeta);
        context.Columns.AddColumnSums(_product, _dGamma);
        context.Columns.AddColumnSums(dy, _dBeta);
        TensorPrimitives.Add(_parameters.Gamma.Gradient, _dGamma, _parameters.Gamma.Gradient);
        TensorPrimitives.Add(_parameters.Beta.Gradient, _dBeta, _parameters.Beta.Gradient);
        for (int i = 0; i < _dGamma.Length; i++)
        {
            _dGamma[i] *= _parameters.Gamma.Value[i] / dy.Rows;
            _dBeta[i] *= _parameters.Gamma.Value[i] / dy.Rows;
        }

        context.Team.Run(chunks, _backward);
    }

    private void Forward(Matrix x, Matrix normalized, Matrix y)
    {
        BatchNorm.Forward(x, normalized, _mean, _scale);
        for (int row = 0; row < y.Rows; row++)
        {
            TensorPrimitives.MultiplyAdd(normalized.Row(row), _parameters.Gamma.Value, _parameters.Beta.Value, y.Row(row));
        }
    }

    private void Backward(Matrix dy, Matrix normalized, Matrix gradients, Matrix dx)
    {
        for (int row = 0; row < dy.Rows; row++)
        {
            Span<float> gradient = gradients.Row(row);
            TensorPrimitives.Multiply(dy.Row(row), _parameters.Gamma.Value, gradient);
            BatchNorm.Backward(normalized.Row(row), gradient, _scale, _dBeta, _dGamma);
            if (_accumulate)
            {
                TensorPrimitives.Add(dx.Row(row), gradient, dx.Row(row));
            }
            else
            {
                gradient.CopyTo(dx.Row(row));
            }
        }
    }
}
