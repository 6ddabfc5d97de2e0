using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>
/// Mean and variance of each channel over rows, for a batch normalization with the affine part 1 and 0: what stands
/// before it and behind it in the network takes up the difference to no normalization at all.
/// </summary>
internal sealed class ChannelStatistics
{
    private readonly BatchNormalize _norm;
    private readonly float[] _mean;
    private readonly float[] _variance;

    /// <param name="rows">[rows, channels], at least one row.</param>
    /// <param name="norm">The normalization of these channels.</param>
    public ChannelStatistics(ReadOnlySpan<float> rows, BatchNormalize norm)
    {
        _norm = norm;
        int dim = norm.Columns;
        int count = rows.Length / dim;
        double[] sum = new double[dim];
        double[] squares = new double[dim];
        for (int i = 0; i < rows.Length; i++)
        {
            sum[i % dim] += rows[i];
        }

        _mean = Array.ConvertAll(sum, value => (float)(value / count));
        for (int i = 0; i < rows.Length; i++)
        {
            double centered = (double)rows[i] - _mean[i % dim];
            squares[i % dim] += centered * centered;
        }

        // As a training step takes it from its batch: divided by the number of rows.
        _variance = Array.ConvertAll(squares, value => (float)(value / count));
        Deviation = Array.ConvertAll(_variance, value => Math.Sqrt((double)value + norm.Epsilon));
    }

    /// <summary>The mean of each channel.</summary>
    public ReadOnlySpan<float> Mean => _mean;

    /// <summary>The variance of each channel.</summary>
    public ReadOnlySpan<float> Variance => _variance;

    /// <summary>What the normalization divides by.</summary>
    public double[] Deviation { get; }

    /// <summary>Rows as the normalization leaves them.</summary>
    public RowMatrix Normalize(ReadOnlySpan<float> rows)
    {
        var normalized = new RowMatrix(rows.Length / _norm.Columns, _norm.Columns);
        for (int row = 0; row < normalized.Rows; row++)
        {
            Span<double> values = normalized.Row(row);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (rows[row * values.Length + i] - (double)_mean[i]) / Deviation[i];
            }
        }

        return normalized;
    }

    public void AddTo(NamedTensors weights)
    {
        float[] scale = new float[_norm.Columns];
        scale.AsSpan().Fill(1);
        weights.Add(_norm.Gamma.Name, new WeightTensor(scale, _norm.Columns));
        weights.Add(_norm.Beta.Name, new WeightTensor(new float[_norm.Columns], _norm.Columns));
        weights.Add(_norm.Mean.Name, new WeightTensor(_mean, _norm.Columns));
        weights.Add(_norm.Variance.Name, new WeightTensor(_variance, _norm.Columns));
    }
}
