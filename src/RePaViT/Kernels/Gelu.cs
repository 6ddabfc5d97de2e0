using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// The Gaussian error linear unit in its exact form: y = x P(X &lt;= x), and y' = P(X &lt;= x) + x density(x).
/// </summary>
internal readonly unsafe struct Gelu : IElementFunction
{
    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y) => ElementFunction<Gelu>.Forward(x, y);

    /// <inheritdoc cref="ElementFunction{TFunction}.Forward(ReadOnlySpan{float}, Span{float})"/>
    public static void Forward(float* x, float* y, int length) => ElementFunction<Gelu>.Forward(x, y, length);

    /// <inheritdoc cref="ElementFunction{TFunction}.Backward(ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float})"/>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx) => ElementFunction<Gelu>.Backward(x, dy, dx);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Value<T>(T x)
        where T : struct, ILanes<T>
        => x * VectorMath.NormalCdf(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Back<T>(T x, T dy)
        where T : struct, ILanes<T>
    {
        T probability = VectorMath.NormalCdf(x, out T density);
        return dy * T.MultiplyAdd(x, density, probability);
    }
}
