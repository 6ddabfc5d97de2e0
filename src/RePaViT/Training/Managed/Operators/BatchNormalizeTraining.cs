using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>y = gamma xh + beta with xh = (x - mean) / deviation over all rows of the batch.</summary>
internal sealed class BatchNormalizeTraining(BatchNormalize norm) : TrainingOperator
{
    private readonly BatchNormParameters _parameters = new(norm);
    private readonly ScratchBuffer _normalized = new();
    private readonly ScratchBuffer _products = new();
    private readonly float[] _mean = new float[norm.Columns];
    private readonly float[] _scale = new float[norm.Columns];
    private readonly float[] _dGamma = new float[norm.Columns];
    private readonly float[] _dBeta = new float[norm.Columns];

    public override IReadOnlyList<TrainingParameter> Parameters => _parameters.Parameters;

    public override bool KeepsInput => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        context.Columns.GatherMoments(x);
        context.Columns.GetMoments(_mean, _scale);
        _parameters.TakeStatistics(0, _mean, _scale, x.Rows);
        Matrix normalized = _normalized.AsMatrix(x.Rows, x.Columns);
        BatchNorm.Forward(x, normalized, _mean, _scale);
        for (int row = 0; row < y.Rows; row++)
        {
            TensorPrimitives.MultiplyAdd(normalized.Row(row), _parameters.Gamma.Value, _parameters.Beta.Value, y.Row(row));
        }
    }

    /// <summary>
    /// dbeta += sum of dy, dgamma += sum of dy xh; with dxh = gamma dy the means that the way back needs follow from these.
    /// </summary>
    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        Matrix normalized = _normalized.AsMatrix(dy.Rows, dy.Columns);
        Matrix products = _products.AsMatrix(dy.Rows, dy.Columns);
        for (int row = 0; row < dy.Rows; row++)
        {
            TensorPrimitives.Multiply(dy.Row(row), normalized.Row(row), products.Row(row));
        }

        Array.Clear(_dGamma);
        Array.Clear(_dBeta);
        context.Columns.AddColumnSums(products, _dGamma);
        context.Columns.AddColumnSums(dy, _dBeta);
        TensorPrimitives.Add(_parameters.Gamma.Gradient, _dGamma, _parameters.Gamma.Gradient);
        TensorPrimitives.Add(_parameters.Beta.Gradient, _dBeta, _parameters.Beta.Gradient);
        for (int i = 0; i < _dGamma.Length; i++)
        {
            _dGamma[i] *= _parameters.Gamma.Value[i] / dy.Rows;
            _dBeta[i] *= _parameters.Gamma.Value[i] / dy.Rows;
        }

        for (int row = 0; row < dy.Rows; row++)
        {
            Span<float> gradient = products.Row(row);
            TensorPrimitives.Multiply(dy.Row(row), _parameters.Gamma.Value, gradient);
            BatchNorm.Backward(normalized.Row(row), gradient, _scale, _dBeta, _dGamma);
            if (accumulate)
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
