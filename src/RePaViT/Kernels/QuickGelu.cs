using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// GELU with a sigmoid in place of the normal distribution: y = x s(1.702 x), and y' = s + 1.702 x s (1 - s).
/// </summary>
internal readonly unsafe struct QuickGelu : IElementFunction
{
    private const float Steepness = 1.702f;

    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementFunction<QuickGelu>.Forward(x, y);

    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(float* x, float* y, int length) => ElementFunction<QuickGelu>.Forward(x, y, length);

    /// <inheritdoc cref="ElementFunction{TFunction}.Backward(ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float})"/>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx) => ElementFunction<QuickGelu>.Backward(x, dy, dx);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T>
        => x * Sigmoid(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Back<T>(T x, T dy)
        where T : struct, ILanes<T>
    {
        T sigmoid = Sigmoid(x, out T slope);
        return dy * T.MultiplyAdd(x * T.Create(Steepness), slope, sigmoid);
    }

    /// <summary>s = 1 / (1 + exp(-1.702 x)), and s (1 - s): by a power that is at most 1, so that nothing overflows or cancels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Sigmoid<T>(T x, out T slope)
        where T : struct, ILanes<T>
    {
        T power = VectorMath.Exp(T.Abs(x) * T.Create(-Steepness));
        T greater = T.Create(1) / (T.Create(1) + power);
        T smaller = power * greater;
        slope = greater * smaller;
        return T.SelectLess(x, 0, smaller, greater);
    }
}
