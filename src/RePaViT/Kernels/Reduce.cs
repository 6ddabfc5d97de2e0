using System.Numerics;

namespace RePaViT.Kernels;

/// <summary>
/// Sums over rows. The order of additions depends on the length alone, so results repeat to the bit; those of
/// TensorPrimitives also depend on where in memory the values happen to stand.
/// </summary>
internal static unsafe class Reduce
{
    /// <summary>The sum of all values.</summary>
    public static float Sum(float* x, int length)
    {
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            sum += Vector.Load(x + i);
        }

        float total = Vector.Sum(sum);
        for (; i < length; i++)
        {
            total += x[i];
        }

        return total;
    }

    /// <summary>The sum of x^2, in double precision.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> x)
    {
        Vector<double> lower = Vector<double>.Zero;
        Vector<double> upper = Vector<double>.Zero;
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(x[i..]), out Vector<double> low, out Vector<double> high);
            lower += low * low;
            upper += high * high;
        }

        double total = Vector.Sum(lower + upper);
        for (; i < x.Length; i++)
        {
            total += (double)x[i] * x[i];
        }

        return total;
    }

    /// <summary>The sum of (x - center)^2.</summary>
    public static float SumOfSquares(float* x, float center, int length)
    {
        Vector<float> sum = Vector<float>.Zero;
        var centers = new Vector<float>(center);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> difference = Vector.Load(x + i) - centers;
            sum = Vector.MultiplyAddEstimate(difference, difference, sum);
        }

        float total = Vector.Sum(sum);
        for (; i < length; i++)
        {
            total += (x[i] - center) * (x[i] - center);
        }

        return total;
    }

    /// <summary>The sum of x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, y.Length);
        fixed (float* startX = x, startY = y)
        {
            return Dot(startX, startY, x.Length);
        }
    }

    /// <summary>The sum of x y.</summary>
    public static float Dot(float* x, float* y, int length)
    {
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            sum = Vector.MultiplyAddEstimate(Vector.Load(x + i), Vector.Load(y + i), sum);
        }

        float total = Vector.Sum(sum);
        for (; i < length; i++)
        {
            total += x[i] * y[i];
        }

        return total;
    }

    /// <summary>The greatest value.</summary>
    public static float Max(float* x, int length)
    {
        float max = float.NegativeInfinity;
        int i = 0;
        if (length >= Vector<float>.Count)
        {
            var maxima = new Vector<float>(max);
            for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
            {
                maxima = Vector.Max(maxima, Vector.Load(x + i));
            }

            for (int lane = 0; lane < Vector<float>.Count; lane++)
            {
                max = MathF.Max(max, maxima[lane]);
            }
        }

        for (; i < length; i++)
        {
            max = MathF.Max(max, x[i]);
        }

        return max;
    }
}
