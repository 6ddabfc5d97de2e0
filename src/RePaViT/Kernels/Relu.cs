using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>The rectified linear unit: y = max(x, 0). What is not a number stays so.</summary>
internal static unsafe class Relu
{
    /// <summary>y = max(x, 0). In place is fine.</summary>
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

    /// <summary>dx = dy where y is above 0, else 0. In place of dy is fine.</summary>
    public static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, dy.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, dx.Length);
        fixed (float* given = y, from = dy, to = dx)
        {
            if (Lanes.AreWide)
            {
                Backward<WideLanes>(given, from, to, y.Length);
            }
            else
            {
                Backward<NativeLanes>(given, from, to, y.Length);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Forward<T>(float* x, float* y, int length)
        where T : struct, ILanes<T>
    {
        T zero = T.Create(0);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            T value = T.Load(x + i);
            T.SelectLess(value, 0, zero, value).Store(y + i);
        }

        for (; i < length; i++)
        {
            y[i] = x[i] < 0 ? 0 : x[i];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Backward<T>(float* y, float* dy, float* dx, int length)
        where T : struct, ILanes<T>
    {
        T zero = T.Create(0);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
        {
            T.SelectLess(T.Load(y + i), float.Epsilon, zero, T.Load(dy + i)).Store(dx + i);
        }

        for (; i < length; i++)
        {
            dx[i] = y[i] < float.Epsilon ? 0 : dy[i];
        }
    }
}
