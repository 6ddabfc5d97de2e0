using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>A function of each element by itself, written once for registers of every width.</summary>
internal interface IElementFunction
{
    /// <summary>f(x).</summary>
    static abstract T Value<T>(T x)
        where T : struct, ILanes<T>;

    /// <summary>dx = dy f'(x).</summary>
    /// <param name="kept">x, or f(x) where the function says so.</param>
    /// <param name="dy">The gradient of f(x).</param>
    static abstract T Back<T>(T kept, T dy)
        where T : struct, ILanes<T>;
}

/// <summary>A function, and the way back through it, on elements that lie one after the other.</summary>
/// <typeparam name="TFunction">f.</typeparam>
internal static unsafe class ElementFunction<TFunction>
    where TFunction : struct, IElementFunction
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
    /// <param name="kept">x, or f(x) where the function says so.</param>
    /// <param name="dy">The gradient of f(x).</param>
    /// <param name="dx">The result.</param>
    public static void Backward(ReadOnlySpan<float> kept, ReadOnlySpan<float> dy, Span<float> dx)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(kept.Length, dy.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(kept.Length, dx.Length);
        fixed (float* given = kept, from = dy, to = dx)
        {
            if (Lanes.AreWide)
            {
                Backward<WideLanes>(given, from, to, kept.Length);
            }
            else
            {
                Backward<NativeLanes>(given, from, to, kept.Length);
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
    private static void Backward<T>(float* kept, float* dy, float* dx, int length)
        where T : struct, ILanes<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            TFunction.Back(T.Load(kept + i), T.Load(dy + i)).Store(dx + i);
        }

        if (i < length)
        {
            int rest = length - i;
            Lanes.StoreFirst(TFunction.Back(Lanes.LoadFirst<T>(kept + i, rest), Lanes.LoadFirst<T>(dy + i, rest)), dx + i, rest);
        }
    }
}
