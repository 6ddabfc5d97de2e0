using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>The Gaussian error linear unit in its exact form: y = x P(X &lt;= x).</summary>
internal static unsafe class Gelu
{
    /// <summary>y = GELU(x). In place is fine.</summary>
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

    /// <summary>dx = dy GELU'(x), with GELU'(x) = P(X &lt;= x) + x density(x). In place of dy is fine.</summary>
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
            Value(T.Load(x + i)).Store(y + i);
        }

        if (i < length)
        {
            Lanes.StoreFirst(Value(Lanes.LoadFirst<T>(x + i, length - i)), y + i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(float* x, float* dy, float* dx, int length)
        where T : struct, ILanes<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            (T.Load(dy + i) * Slope(T.Load(x + i))).Store(dx + i);
        }

        if (i < length)
        {
            int rest = length - i;
            Lanes.StoreFirst(Lanes.LoadFirst<T>(dy + i, rest) * Slope(Lanes.LoadFirst<T>(x + i, rest)), dx + i, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Value<T>(T x)
        where T : struct, ILanes<T>
        => x * VectorMath.NormalCdf(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Slope<T>(T x)
        where T : struct, ILanes<T>
    {
        T probability = VectorMath.NormalCdf(x, out T density);
        return T.MultiplyAdd(x, density, probability);
    }
}
