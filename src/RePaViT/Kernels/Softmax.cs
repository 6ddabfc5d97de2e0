using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>p = exp(scale (x - max)) / sum, for each row.</summary>
internal static unsafe class Softmax
{
    /// <summary>Turns scores into probabilities, in place.</summary>
    public static void Forward(Span<float> row)
    {
        fixed (float* x = row)
        {
            Forward(x, row.Length);
        }
    }

    /// <summary>Turns scores into probabilities, in place; they are multiplied by a scale above 0 before.</summary>
    public static void Forward(float* x, int length, float scale = 1)
    {
        float sum = Exponentials(x, length, scale);
        Rescale(x, length, 1 / sum);
    }

    /// <summary>x = exp(scale (x - max)); returns the sum, by which <see cref="Forward(float*, int, float)"/> divides.</summary>
    public static float Exponentials(float* x, int length, float scale)
        => Lanes.AreWide ? Exponentials<WideLanes>(x, length, scale) : Exponentials<NativeLanes>(x, length, scale);

    /// <summary>x *= factor.</summary>
    public static void Rescale(float* x, int length, float factor)
    {
        if (Lanes.AreWide)
        {
            Rescale<WideLanes>(x, length, factor);
        }
        else
        {
            Rescale<NativeLanes>(x, length, factor);
        }
    }

    /// <summary>The gradient of scores: d = scale p (d - inner), where d was that of p and inner is the sum of d p.</summary>
    public static void Backward(float* probabilities, float* d, int length, float inner, float scale)
    {
        if (Lanes.AreWide)
        {
            Backward<WideLanes>(probabilities, d, length, inner, scale);
        }
        else
        {
            Backward<NativeLanes>(probabilities, d, length, inner, scale);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float Exponentials<T>(float* x, int length, float scale)
        where T : struct, ILanes<T>
    {
        float greatest = Reduce.Max(x, length);
        T max = T.Create(greatest);
        T factor = T.Create(scale);
        T sum = T.Create(0);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            T value = VectorMath.Exp((T.Load(x + i) - max) * factor);
            value.Store(x + i);
            sum += value;
        }

        float total = T.Sum(sum);
        return i < length ? total + ExponentialsOfRest<T>(x + i, length - i, greatest, scale) : total;
    }

    // By itself: registers that had to outlive a call would leave the loop before for memory.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float ExponentialsOfRest<T>(float* x, int length, float max, float scale)
        where T : struct, ILanes<T>
    {
        T rest = Lanes.LoadFirst<T>(x, length, float.NegativeInfinity);
        T values = VectorMath.Exp((rest - T.Create(max)) * T.Create(scale));
        Lanes.StoreFirst(values, x, length);
        return T.Sum(values);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Rescale<T>(float* x, int length, float factor)
        where T : struct, ILanes<T>
    {
        T factors = T.Create(factor);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            (T.Load(x + i) * factors).Store(x + i);
        }

        for (; i < length; i++)
        {
            x[i] *= factor;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(float* probabilities, float* d, int length, float inner, float scale)
        where T : struct, ILanes<T>
    {
        T center = T.Create(inner);
        T factor = T.Create(scale);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            ((T.Load(d + i) - center) * T.Load(probabilities + i) * factor).Store(d + i);
        }

        for (; i < length; i++)
        {
            d[i] = (d[i] - inner) * probabilities[i] * scale;
        }
    }
}
