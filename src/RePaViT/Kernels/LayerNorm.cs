using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>Layer normalization: y = (x - mean) / sqrt(variance + eps) * weight + bias, for each row.</summary>
internal static unsafe class LayerNorm
{
    /// <summary>Normalizes rows of x [rows, channels].</summary>
    /// <param name="x">The input.</param>
    /// <param name="y">The output; may be x itself.</param>
    /// <param name="weight">[1, channels], or a matrix without data for all ones and no bias.</param>
    /// <param name="bias">[1, channels].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="statistics">Where to keep mean and 1/deviation of each row, [rows, 2]; or a matrix without data.</param>
    public static void Forward(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon, Matrix statistics = default)
    {
        if (Lanes.AreWide)
        {
            Forward<WideLanes>(x, y, weight, bias, epsilon, statistics);
        }
        else
        {
            Forward<NativeLanes>(x, y, weight, bias, epsilon, statistics);
        }
    }

    /// <summary>
    /// The gradient of x, and added to sums [2, channels] those of weight and bias: with xh = (x - mean) scale and
    /// dh = dy weight, dx = scale (dh - mean(dh) - xh mean(dh xh)).
    /// </summary>
    /// <param name="x">The input of the forward pass.</param>
    /// <param name="statistics">What the forward pass kept, [rows, 2].</param>
    /// <param name="weight">[1, channels].</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="dx">The result; may be dy itself.</param>
    /// <param name="accumulate">Whether to add to dx.</param>
    /// <param name="sums">Gradients of weight and bias.</param>
    public static void Backward(
        Matrix x, Matrix statistics, Matrix weight, Matrix dy, Matrix dx, bool accumulate, Matrix sums)
    {
        if (Lanes.AreWide)
        {
            Backward<WideLanes>(x, statistics, weight, dy, dx, accumulate, sums);
        }
        else
        {
            Backward<NativeLanes>(x, statistics, weight, dy, dx, accumulate, sums);
        }
    }

    /// <summary>y = (x - mean) scale weight + bias, with the same mean and scale for all rows.</summary>
    public static void Normalize(Matrix x, Matrix y, Matrix weight, Matrix bias, float mean, float scale)
    {
        if (Lanes.AreWide)
        {
            Normalize<WideLanes>(x, y, weight, bias, mean, scale);
        }
        else
        {
            Normalize<NativeLanes>(x, y, weight, bias, mean, scale);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Normalize<T>(Matrix x, Matrix y, Matrix weight, Matrix bias, float mean, float scale)
        where T : struct, ILanes<T>
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Normalize<T>(
                x.Data + (long)row * x.Stride, y.Data + (long)row * y.Stride, weight.Data, bias.Data, mean, scale, x.Columns);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon, Matrix statistics)
        where T : struct, ILanes<T>
    {
        int channels = x.Columns;
        for (int row = 0; row < x.Rows; row++)
        {
            float* source = x.Data + (long)row * x.Stride;
            float* target = y.Data + (long)row * y.Stride;
            float mean = Reduce.Sum(source, channels) / channels;
            float variance = Reduce.SumOfSquares(source, mean, channels) / channels;
            float scale = 1 / MathF.Sqrt(variance + epsilon);
            if (statistics.Data != null)
            {
                statistics.Row(row)[0] = mean;
                statistics.Row(row)[1] = scale;
            }

            Normalize<T>(source, target, weight.Data, bias.Data, mean, scale, channels);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(
        Matrix x, Matrix statistics, Matrix weight, Matrix dy, Matrix dx, bool accumulate, Matrix sums)
        where T : struct, ILanes<T>
    {
        int channels = x.Columns;
        float* dWeight = sums.Data;
        float* dBias = sums.Data + sums.Stride;
        for (int row = 0; row < x.Rows; row++)
        {
            float* source = x.Data + (long)row * x.Stride;
            float* gradient = dy.Data + (long)row * dy.Stride;
            float* target = dx.Data + (long)row * dx.Stride;
            float mean = statistics.Row(row)[0];
            float scale = statistics.Row(row)[1];

            float sumOfGradient = 0;
            float sumOfProduct = 0;
            T gradients = T.Create(0);
            T products = T.Create(0);
            T means = T.Create(mean);
            T scales = T.Create(scale);
            int i = 0;
            for (; i <= channels - T.Count; i += T.Count)
            {
                T d = T.Load(gradient + i);
                T normalized = (T.Load(source + i) - means) * scales;
                T.MultiplyAdd(d, normalized, T.Load(dWeight + i)).Store(dWeight + i);
                (T.Load(dBias + i) + d).Store(dBias + i);
                T dh = d * T.Load(weight.Data + i);
                gradients += dh;
                products = T.MultiplyAdd(dh, normalized, products);
            }

            for (; i < channels; i++)
            {
                float normalized = (source[i] - mean) * scale;
                dWeight[i] += gradient[i] * normalized;
                dBias[i] += gradient[i];
                float dh = gradient[i] * weight.Data[i];
                sumOfGradient += dh;
                sumOfProduct += dh * normalized;
            }

            float meanOfGradient = (sumOfGradient + T.Sum(gradients)) / channels;
            float meanOfProduct = (sumOfProduct + T.Sum(products)) / channels;
            for (i = 0; i <= channels - T.Count; i += T.Count)
            {
                T normalized = (T.Load(source + i) - means) * scales;
                T dh = T.Load(gradient + i) * T.Load(weight.Data + i);
                T d = dh - T.Create(meanOfGradient) - normalized * T.Create(meanOfProduct);
                T start = accumulate ? T.Load(target + i) : T.Create(0);
                T.MultiplyAdd(d, scales, start).Store(target + i);
            }

            for (; i < channels; i++)
            {
                float normalized = (source[i] - mean) * scale;
                float d = (gradient[i] * weight.Data[i] - meanOfGradient - normalized * meanOfProduct) * scale;
                target[i] = accumulate ? target[i] + d : d;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Normalize<T>(
        float* source, float* target, float* weight, float* bias, float mean, float scale, int channels)
        where T : struct, ILanes<T>
    {
        T means = T.Create(mean);
        T scales = T.Create(scale);
        int i = 0;
        for (; i <= channels - T.Count; i += T.Count)
        {
            T normalized = (T.Load(source + i) - means) * scales;
            if (weight != null)
            {
                normalized = T.MultiplyAdd(normalized, T.Load(weight + i), T.Load(bias + i));
            }

            normalized.Store(target + i);
        }

        for (; i < channels; i++)
        {
            float normalized = (source[i] - mean) * scale;
            target[i] = weight == null ? normalized : normalized * weight[i] + bias[i];
        }
    }
}
