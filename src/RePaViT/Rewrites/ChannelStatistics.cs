using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>
/// Mean and variance of each channel over rows, for a batch normalization with the affine part 1 and 0: what stands
/// before it and after it in the network takes up the difference to no normalization at all. Where there is none, channels
/// stay as they are: mean 0, deviation 1.
/// </summary>
internal sealed class ChannelStatistics
{
    private readonly BatchNormalize? _norm;
    private readonly float[] _mean;
    private readonly float[] _variance;

    /// <param name="channels">Number of channels.</param>
    /// <param name="norm">The normalization of these channels; null for none.</param>
    /// <param name="rows">[rows, channels], at least one row, if there is a normalization.</param>
    public ChannelStatistics(int channels, BatchNormalize? norm, ReadOnlySpan<float> rows)
    {
        _norm = norm;
        _mean = new float[channels];
        _variance = new float[channels];
        Deviation = new double[channels];
        Array.Fill(Deviation, 1);
        if (norm is null)
        {
            return;
        }

        int count = rows.Length / channels;
        double[] sum = new double[channels];
        double[] squares = new double[channels];
        for (int i = 0; i < rows.Length; i++)
        {
            sum[i % channels] += rows[i];
        }

        _mean = Array.ConvertAll(sum, value => (float)(value / count));
        for (int i = 0; i < rows.Length; i++)
        {
            double centered = (double)rows[i] - _mean[i % channels];
            squares[i % channels] += centered * centered;
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
        var normalized = new RowMatrix(rows.Length / _mean.Length, _mean.Length);
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

    /// <summary>Adds the tensors of the normalization, if there is one.</summary>
    public void AddTo(NamedTensors weights)
    {
        if (_norm is null)
        {
            return;
        }

        float[] scale = new float[_norm.Columns];
        scale.AsSpan().Fill(1);
        weights.Add(_norm.Gamma.Name, new WeightTensor(scale, _norm.Columns));
        weights.Add(_norm.Beta.Name, new WeightTensor(new float[_norm.Columns], _norm.Columns));
        weights.Add(_norm.Mean.Name, new WeightTensor(_mean, _norm.Columns));
        weights.Add(_norm.Variance.Name, new WeightTensor(_variance, _norm.Columns));
    }
}
