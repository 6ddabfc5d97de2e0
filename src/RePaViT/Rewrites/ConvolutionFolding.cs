using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>
/// Moves the batch normalization after a convolution into its filters and a bias, and out of them: with BN(x) = s x + t,
/// BN(W v) = (diag(s) W) v + t.
/// </summary>
internal static class ConvolutionFolding
{
    public static Network Fold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        if (layer is not NormalizedConvolution { Folded: false } convolution)
        {
            return null;
        }

        var folded = (NormalizedConvolution)Fold(layer);
        (double[] scale, double[] shift) = FixedBatchNorm.Affine(convolution.Norm, network.Weights);
        WeightTensor filters = network.Weights[convolution.Filters.Weight.Name];
        float[] values = filters.ToArray();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] * scale[i / convolution.Filters.Inputs]);
        }

        weights.Add(folded.Filters.Weight.Name, new WeightTensor(values, filters.Shape));
        weights.Add(folded.Filters.Bias!.Name, new WeightTensor(Array.ConvertAll(shift, value => (float)value), shift.Length));
        weights.CopyRest(folded.Tensors, network.Weights);
        return folded;
    });

    /// <summary>What a layer is once it is folded.</summary>
    public static Layer Fold(Layer layer) => layer is NormalizedConvolution convolution ? convolution with { Folded = true } : layer;

    /// <summary>The normalization only adds the bias, until <see cref="Measure"/> gives it statistics.</summary>
    public static Network Unfold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        if (layer is not NormalizedConvolution { Folded: true } folded)
        {
            return null;
        }

        NormalizedConvolution convolution = folded with { Folded = false };
        BatchNormalize norm = convolution.Norm;
        weights.Add(norm.Gamma.Name, Constant(norm.Columns, (float)Math.Sqrt(1 + (double)norm.Epsilon)));
        weights.Add(norm.Beta.Name, network.Weights[folded.Filters.Bias!.Name]);
        weights.Add(norm.Mean.Name, Constant(norm.Columns, 0));
        weights.Add(norm.Variance.Name, Constant(norm.Columns, 1));
        weights.CopyRest(convolution.Tensors, network.Weights);
        return convolution;
    });

    /// <summary>Gives normalizations that only add a bias the statistics of what they see, and an affine part that takes them out again.</summary>
    /// <param name="network">What <see cref="Unfold"/> gave.</param>
    /// <param name="rows">Rows that leave each normalization, [rows, channels]; read one layer at a time.</param>
    public static Network Measure(Network network, IEnumerable<float[]> rows)
    {
        using IEnumerator<float[]> samples = rows.GetEnumerator();
        return LayerMap.Apply(network, network.Stage, (layer, weights) =>
        {
            if (layer is not NormalizedConvolution convolution)
            {
                return null;
            }

            if (!samples.MoveNext())
            {
                throw new ArgumentException($"There are no rows for layer '{convolution.Name}'.", nameof(rows));
            }

            BatchNormalize norm = convolution.Norm;
            var statistics = new ChannelStatistics(norm.Columns, norm, samples.Current);
            ReadOnlySpan<float> bias = network.Weights[norm.Beta.Name].Data;
            float[] mean = new float[norm.Columns];
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] = (float)((double)statistics.Mean[i] - bias[i]);
            }

            weights.Add(norm.Gamma.Name, new WeightTensor(Array.ConvertAll(statistics.Deviation, value => (float)value), norm.Columns));
            weights.Add(norm.Beta.Name, new WeightTensor(statistics.Mean.ToArray(), norm.Columns));
            weights.Add(norm.Mean.Name, new WeightTensor(mean, norm.Columns));
            weights.Add(norm.Variance.Name, new WeightTensor(statistics.Variance.ToArray(), norm.Columns));
            weights.CopyRest(convolution.Tensors, network.Weights);
            return convolution;
        });
    }

    private static WeightTensor Constant(int length, float value) => new([.. Enumerable.Repeat(value, length)], length);
}
