using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// The rectified linear unit: y = max(x, 0), and dx = dy where y is above 0, else 0. What is not a number stays so. The way back
/// takes what it gave.
/// </summary>
internal readonly unsafe struct Relu : IElementFunction
{
    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementFunction<Relu>.Forward(x, y);

    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(float* x, float* y, int length) => ElementFunction<Relu>.Forward(x, y, length);

    /// <inheritdoc cref="ElementFunction{TFunction}.Backward(ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float})"/>
    public static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) => ElementFunction<Relu>.Backward(y, dy, dx);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T>
        => T.SelectLess(x, 0, T.Create(0), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Back<T>(T y, T dy)
        where T : struct, ILanes<T>
        => T.SelectLess(y, float.Epsilon, T.Create(0), dy);
}
