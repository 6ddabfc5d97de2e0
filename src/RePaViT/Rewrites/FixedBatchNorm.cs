using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>Batch normalization as a deployed network has it: with its running statistics.</summary>
internal static class FixedBatchNorm
{
    /// <summary>What it does to each channel: BN(x) = scale * x + shift.</summary>
    public static (double[] Scale, double[] Shift) Affine(BatchNormalize norm, NamedTensors weights)
    {
        ReadOnlySpan<float> gamma = weights[norm.Gamma.Name].Data;
        ReadOnlySpan<float> beta = weights[norm.Beta.Name].Data;
        ReadOnlySpan<float> mean = weights[norm.Mean.Name].Data;
        ReadOnlySpan<float> variance = weights[norm.Variance.Name].Data;
        double[] scale = new double[norm.Columns];
        double[] shift = new double[norm.Columns];
        for (int i = 0; i < norm.Columns; i++)
        {
            scale[i] = gamma[i] / Math.Sqrt((double)variance[i] + norm.Epsilon);
            shift[i] = beta[i] - mean[i] * scale[i];
        }

        return (scale, shift);
    }
}
