using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed.Fused;

/// <summary>
/// Batch normalization and the linear layer after it: y = (gamma xh + beta) W' + b with xh = (x - mean) / deviation over
/// all rows. The affine part moves into the weight, V = W diag(gamma), so that only xh is computed and kept:
/// y = xh V' + (b + W beta).
/// </summary>
internal sealed class NormalizedLinear
{
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly BatchNormParameters _norm;
    private readonly TrainingParameter _gamma;
    private readonly TrainingParameter _beta;
    private readonly TrainingParameter _weight;
    private readonly TrainingParameter _bias;
    private readonly PinnedBuffer _foldedWeight;
    private readonly PinnedBuffer _foldedBias;
    private readonly float[] _mean;
    private readonly float[] _scale;
    private readonly float[] _meanOfGradient;
    private readonly float[] _meanOfProduct;
    private readonly float[] _dBias;
    private readonly float[] _dBeta;
    private readonly float[] _dGamma;
    private readonly Action<int, int> _foldRows;
    private readonly Action<int, int> _backwardColumns;
    private Matrix _gradient;
    private int _blocks;

    public NormalizedLinear(BatchNormalize norm, Linear linear)
    {
        _inputs = linear.Inputs;
        _outputs = linear.Outputs;
        _norm = new BatchNormParameters(norm);
        _gamma = _norm.Gamma;
        _beta = _norm.Beta;
        _weight = new TrainingParameter(linear.Weight);
        _bias = new TrainingParameter(linear.Bias!);
        _foldedWeight = new PinnedBuffer((long)_outputs * _inputs);
        _foldedBias = new PinnedBuffer(_outputs);
        _mean = new float[_inputs];
        _scale = new float[_inputs];
        _meanOfGradient = new float[_inputs];
        _meanOfProduct = new float[_inputs];
        _dBias = new float[_outputs];
        _dBeta = new float[_inputs];
        _dGamma = new float[_inputs];
        _foldRows = (chunk, _) => FoldRows(chunk);
        _backwardColumns = (block, _) => BackwardColumns(block);
    }

    public IEnumerable<TrainingParameter> Parameters => [.. _norm.Parameters, _weight, _bias];

    /// <summary>
    /// Takes the statistics that the context's columns have gathered, and moves the running ones. Call before
    /// <see cref="NormalizeChunk"/>.
    /// </summary>
    /// <param name="context">Its columns have taken in every chunk.</param>
    /// <param name="rows">Number of rows they came from.</param>
    public void TakeStatistics(TrainingContext context, int rows)
    {
        // The variance passes through _scale on its way.
        context.Columns.GetMoments(_mean, _scale);
        _norm.TakeStatistics(0, _mean, _scale, rows);
    }

    /// <summary>xh = (x - mean) scale; in place is fine.</summary>
    public void NormalizeChunk(Matrix x, Matrix normalized) => BatchNorm.Forward(x, normalized, _mean, _scale);

    /// <summary>y = xh V' + (b + W beta).</summary>
    public void Forward(TrainingContext context, Matrix normalized, Matrix y)
    {
        context.Team.Run(RowChunks.Count(_outputs), _foldRows);
        context.Multiply(normalized, _foldedWeight.AsMatrix(_outputs, _inputs), y, GemmEpilogue.AddBias(_foldedBias.AsMatrix(1, _outputs)));
    }

    /// <summary>
    /// The gradients of all parameters, and dxh = dy V. With G = dy' xh: dW = G diag(gamma) + db beta', dgamma = sum of
    /// G * W over outputs, dbeta = W' db. The means that <see cref="BackwardRow"/> needs follow from the same sums:
    /// mean(dxh) = gamma dbeta / rows and mean(dxh xh) = gamma dgamma / rows.
    /// </summary>
    public void Backward(TrainingContext context, Matrix normalized, Matrix dy, Matrix dNormalized)
    {
        _gradient = context.WeightGradient(_outputs, _inputs);
        context.MultiplyBackwardWeight(dy, normalized, _gradient, accumulate: false);
        Array.Clear(_dBias);
        context.Columns.AddColumnSums(dy, _dBias);
        TensorPrimitives.Add(_bias.Gradient, _dBias, _bias.Gradient);

        Array.Clear(_dBeta);
        Array.Clear(_dGamma);
        _blocks = ColumnBlocks.Count(_inputs, context.Team.Size);
        context.Team.Run(_blocks, _backwardColumns);
        TensorPrimitives.Add(_beta.Gradient, _dBeta, _beta.Gradient);
        TensorPrimitives.Add(_gamma.Gradient, _dGamma, _gamma.Gradient);
        for (int i = 0; i < _inputs; i++)
        {
            _meanOfGradient[i] = _gamma.Value[i] * _dBeta[i] / dy.Rows;
            _meanOfProduct[i] = _gamma.Value[i] * _dGamma[i] / dy.Rows;
        }

        context.MultiplyBackwardInput(dy, _foldedWeight.AsMatrix(_outputs, _inputs), dNormalized);
    }

    /// <summary>Turns a row of dxh into a row of dx, in place.</summary>
    public void BackwardRow(ReadOnlySpan<float> normalized, Span<float> gradient)
        => BatchNorm.Backward(normalized, gradient, _scale, _meanOfGradient, _meanOfProduct);

    private void FoldRows(int chunk)
    {
        Matrix weights = _weight.Matrix.Chunk(chunk);
        Matrix folded = _foldedWeight.AsMatrix(_outputs, _inputs).Chunk(chunk);
        for (int row = 0; row < weights.Rows; row++)
        {
            int output = chunk * RowChunks.Size + row;
            ReadOnlySpan<float> weight = weights.Row(row);
            TensorPrimitives.Multiply(weight, _gamma.Value, folded.Row(row));
            _foldedBias.Span[output] = _bias.Value[output] + Reduce.Dot(weight, _beta.Value);
        }
    }

    private void BackwardColumns(int block)
    {
        Matrix weights = _weight.Matrix.ColumnBlock(block, _blocks);
        Matrix weightGradients = _weight.GradientMatrix.ColumnBlock(block, _blocks);
        Matrix gradients = _gradient.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> beta = _beta.Value.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> gamma = _gamma.Value.ColumnBlock(block, _blocks);
        Span<float> dBeta = _dBeta.AsSpan().ColumnBlock(block, _blocks);
        Span<float> dGamma = _dGamma.AsSpan().ColumnBlock(block, _blocks);
        for (int row = 0; row < weights.Rows; row++)
        {
            ReadOnlySpan<float> weight = weights.Row(row);
            ReadOnlySpan<float> g = gradients.Row(row);
            Span<float> dWeight = weightGradients.Row(row);
            TensorPrimitives.MultiplyAdd(weight, _dBias[row], dBeta, dBeta);
            TensorPrimitives.MultiplyAdd(g, weight, dGamma, dGamma);
            TensorPrimitives.MultiplyAdd(beta, _dBias[row], dWeight, dWeight);
            TensorPrimitives.MultiplyAdd(g, gamma, dWeight, dWeight);
        }
    }
}
