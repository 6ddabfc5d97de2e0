using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>Batch normalization without its affine part, for rows whose statistics are known: xh = (x - mean) scale.</summary>
internal static unsafe class BatchNorm
{
    /// <summary>Normalizes rows; y may be x itself.</summary>
    public static void Forward(Matrix x, Matrix y, ReadOnlySpan<float> mean, ReadOnlySpan<float> scale)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mean.Length, x.Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale.Length, x.Columns);
        fixed (float* means = mean, scales = scale)
        {
            if (Lanes.AreWide)
            {
                Forward<WideLanes>(x, y, means, scales);
            }
            else
            {
                Forward<NativeLanes>(x, y, means, scales);
            }
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
        int length = gradient.Length;
        ArgumentOutOfRangeException.ThrowIfLessThan(normalized.Length, length);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale.Length, length);
        ArgumentOutOfRangeException.ThrowIfLessThan(meanOfGradient.Length, length);
        ArgumentOutOfRangeException.ThrowIfLessThan(meanOfProduct.Length, length);
        fixed (float* xh = normalized, g = gradient, s = scale, meanG = meanOfGradient, meanP = meanOfProduct)
        {
            if (Lanes.AreWide)
            {
                Backward<WideLanes>(xh, g, s, meanG, meanP, length);
            }
            else
            {
                Backward<NativeLanes>(xh, g, s, meanG, meanP, length);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(Matrix x, Matrix y, float* mean, float* scale)
        where T : struct, ILanes<T>
    {
        for (int row = 0; row < x.Rows; row++)
        {
            float* source = x.Data + (long)row * x.Stride;
            float* target = y.Data + (long)row * y.Stride;
            int i = 0;
            for (; i <= x.Columns - T.Count; i += T.Count)
            {
                ((T.Load(source + i) - T.Load(mean + i)) * T.Load(scale + i)).Store(target + i);
            }

            for (; i < x.Columns; i++)
            {
                target[i] = (source[i] - mean[i]) * scale[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(
        float* normalized, float* gradient, float* scale, float* meanOfGradient, float* meanOfProduct, int length)
        where T : struct, ILanes<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            T centered = T.Load(gradient + i) - T.Load(meanOfGradient + i);
            ((centered - T.Load(normalized + i) * T.Load(meanOfProduct + i)) * T.Load(scale + i)).Store(gradient + i);
        }

        for (; i < length; i++)
        {
            gradient[i] = (gradient[i] - meanOfGradient[i] - normalized[i] * meanOfProduct[i]) * scale[i];
        }
    }
}
