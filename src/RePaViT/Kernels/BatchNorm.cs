using System.Numerics;
using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>Batch normalization without its affine part, for rows whose statistics are known: xh = (x - mean) scale.</summary>
internal static class BatchNorm
{
    /// <summary>Normalizes rows; y may be x itself.</summary>
    public static void Forward(Matrix x, Matrix y, ReadOnlySpan<float> mean, ReadOnlySpan<float> scale)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Span<float> target = y.Row(row);
            TensorPrimitives.Subtract(x.Row(row), mean, target);
            TensorPrimitives.Multiply(target, scale, target);
        }
    }

    /// <summary>
    /// Turns the gradient of one normalized row into that of the row itself, in place:
    /// dx = scale (dxh - mean(dxh) - xh mean(dxh xh)), where the means go over all rows.
    /// </summary>
    public static void Backward(
        ReadOnlySpan<float> normalized, Span<float> gradient, ReadOnlySpan<float> scale,
        ReadOnlySpan<float> meanOfGradient, ReadOnlySpan<float> meanOfProduct)
    {
        int lanes = Vector<float>.Count;
        int i = 0;
        for (; i <= gradient.Length - lanes; i += lanes)
        {
            FromNormalized(
                new(normalized[i..]), new(gradient[i..]), new(scale[i..]), new(meanOfGradient[i..]), new(meanOfProduct[i..]))
                .CopyTo(gradient[i..]);
        }

        if (i < gradient.Length)
        {
            FromNormalized(
                Lanes.Load(normalized[i..]), Lanes.Load(gradient[i..]), Lanes.Load(scale[i..]),
                Lanes.Load(meanOfGradient[i..]), Lanes.Load(meanOfProduct[i..]))
                .StoreFirst(gradient[i..]);
        }
    }

    private static Vector<float> FromNormalized(
        Vector<float> normalized, Vector<float> gradient, Vector<float> scale,
        Vector<float> meanOfGradient, Vector<float> meanOfProduct)
        => (gradient - meanOfGradient - normalized * meanOfProduct) * scale;
}
