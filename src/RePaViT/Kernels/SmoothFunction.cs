using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>A function of each element by itself, written once for registers of every width.</summary>
internal interface ISmoothFunction
{
    /// <summary>f(x).</summary>
    static abstract T Value<T>(T x)
        where T : struct, ILanes<T>;

    /// <summary>f'(x).</summary>
    static abstract T Slope<T>(T x)
        where T : struct, ILanes<T>;
}

/// <summary>A function, and the way back through it, on elements that lie one behind the other.</summary>
/// <typeparam name="TFunction">f.</typeparam>
internal static unsafe class SmoothFunction<TFunction>
    where TFunction : struct, ISmoothFunction
{
    /// <summary>y = f(x). In place is fine.</summary>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, y.Length);
        fixed (float* from = x, to = y)
        {
            Forward(from, to, x.Length);
        }
    }

    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(float* x, float* y, int length)
    {
        if (Lanes.AreWide)
        {
            Forward<WideLanes>(x, y, length);
        }
        else
        {
            Forward<NativeLanes>(x, y, length);
        }
    }

    /// <summary>dx = dy f'(x). In place of dy is fine.</summary>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, dy.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, dx.Length);
        fixed (float* input = x, from = dy, to = dx)
        {
            if (Lanes.AreWide)
            {
                Backward<WideLanes>(input, from, to, x.Length);
            }
            else
            {
                Backward<NativeLanes>(input, from, to, x.Length);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(float* x, float* y, int length)
        where T : struct, ILanes<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            TFunction.Value(T.Load(x + i)).Store(y + i);
        }

        if (i < length)
        {
            Lanes.StoreFirst(TFunction.Value(Lanes.LoadFirst<T>(x + i, length - i)), y + i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(float* x, float* dy, float* dx, int length)
        where T : struct, ILanes<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            (T.Load(dy + i) * TFunction.Slope(T.Load(x + i))).Store(dx + i);
        }

        if (i < length)
        {
            int rest = length - i;
            Lanes.StoreFirst(Lanes.LoadFirst<T>(dy + i, rest) * TFunction.Slope(Lanes.LoadFirst<T>(x + i, rest)), dx + i, rest);
        }
    }
}
