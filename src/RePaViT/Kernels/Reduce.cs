using System.Numerics;
using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// Sums over rows. The order of additions depends on the length alone, so results repeat to the bit; those of
/// TensorPrimitives also depend on where in memory the values happen to stand.
/// </summary>
internal static unsafe class Reduce
{
    /// <summary>The sum of all values.</summary>
    public static float Sum(float* x, int length)
        => Lanes.AreWide ? Sum<WideLanes>(x, length) : Sum<NativeLanes>(x, length);

    /// <summary>The sum of all values.</summary>
    public static float Sum(ReadOnlySpan<float> x)
    {
        fixed (float* start = x)
        {
            return Sum(start, x.Length);
        }
    }

    /// <summary>The sum of x^2, in double precision.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
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
        => Lanes.AreWide ? SumOfSquares<WideLanes>(x, center, length) : SumOfSquares<NativeLanes>(x, center, length);

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
        => Lanes.AreWide ? Dot<WideLanes>(x, y, length) : Dot<NativeLanes>(x, y, length);

    /// <summary>The greatest value, if all are numbers.</summary>
    public static float Max(float* x, int length)
        => Lanes.AreWide ? Max<WideLanes>(x, length) : Max<NativeLanes>(x, length);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Sum<T>(float* x, int length)
        where T : struct, ILanes<T>
    {
        T sum = T.Create(0);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            sum += T.Load(x + i);
        }

        float total = T.Sum(sum);
        for (; i < length; i++)
        {
            total += x[i];
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares<T>(float* x, float center, int length)
        where T : struct, ILanes<T>
    {
        T sum = T.Create(0);
        T centers = T.Create(center);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            T difference = T.Load(x + i) - centers;
            sum = T.MultiplyAdd(difference, difference, sum);
        }

        float total = T.Sum(sum);
        for (; i < length; i++)
        {
            total += (x[i] - center) * (x[i] - center);
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Dot<T>(float* x, float* y, int length)
        where T : struct, ILanes<T>
    {
        T sum = T.Create(0);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            sum = T.MultiplyAdd(T.Load(x + i), T.Load(y + i), sum);
        }

        float total = T.Sum(sum);
        for (; i < length; i++)
        {
            total += x[i] * y[i];
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Max<T>(float* x, int length)
        where T : struct, ILanes<T>
    {
        T maxima = T.Create(float.NegativeInfinity);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            maxima = T.Max(maxima, T.Load(x + i));
        }

        float max = T.Greatest(maxima);
        for (; i < length; i++)
        {
            max = MathF.Max(max, x[i]);
        }

        return max;
    }
}
