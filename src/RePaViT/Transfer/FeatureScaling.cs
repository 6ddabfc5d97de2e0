using System.Numerics.Tensors;

namespace RePaViT.Transfer;

/// <summary>x = (feature - mean) * factor, which has mean 0 and deviation 1: one penalty then suits all features.</summary>
/// <param name="Mean">Of each feature.</param>
/// <param name="Factor">1 / deviation; 0 for a feature that is the same everywhere.</param>
internal sealed record FeatureScaling(double[] Mean, double[] Factor)
{
    // A deviation this small beside the numbers themselves is made of roundings to float.
    private const double LeastDeviation = 1e-6;

    /// <summary>Measures all rows; an image counts with its weight, regardless of the number of its rows.</summary>
    public static FeatureScaling Of(FeatureSet features, ReadOnlySpan<double> weights)
    {
        double[] mean = new double[features.Dim];
        double[] variance = new double[features.Dim];
        double[] row = new double[features.Dim];
        for (int image = 0; image < features.Count; image++)
        {
            for (int view = 0; view < features.ViewsOf(image); view++)
            {
                TensorPrimitives.ConvertTruncating(features.Row(image, view), row);
                TensorPrimitives.MultiplyAdd(row, weights[image] / features.ViewsOf(image), mean, mean);
            }
        }

        for (int image = 0; image < features.Count; image++)
        {
            for (int view = 0; view < features.ViewsOf(image); view++)
            {
                TensorPrimitives.ConvertTruncating(features.Row(image, view), row);
                TensorPrimitives.Subtract(row, mean, row);
                TensorPrimitives.Multiply(row, row, row);
                TensorPrimitives.MultiplyAdd(row, weights[image] / features.ViewsOf(image), variance, variance);
            }
        }

        double[] factor = new double[features.Dim];
        for (int i = 0; i < factor.Length; i++)
        {
            double deviation = Math.Sqrt(variance[i]);
            factor[i] = deviation > LeastDeviation * Math.Abs(mean[i]) ? 1 / deviation : 0;
        }

        return new FeatureScaling(mean, factor);
    }

    /// <summary>Scales a row.</summary>
    public void Apply(ReadOnlySpan<float> row, Span<double> scaled)
    {
        TensorPrimitives.ConvertTruncating(row, scaled);
        TensorPrimitives.Subtract(scaled, Mean, scaled);
        TensorPrimitives.Multiply(scaled, Factor, scaled);
    }
}
