using System.Numerics;

namespace RePaViT.Kernels;

/// <summary>The Gaussian error linear unit in its exact form: y = x P(X &lt;= x).</summary>
internal static class Gelu
{
    /// <summary>y = GELU(x). In place is fine.</summary>
    public static void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, y.Length);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Forward(new Vector<float>(x[i..])).CopyTo(y[i..]);
        }

        if (i < x.Length)
        {
            Forward(Lanes.Load(x[i..])).StoreFirst(y[i..]);
        }
    }

    /// <summary>dx = dy GELU'(x), with GELU'(x) = P(X &lt;= x) + x density(x). In place of dy is fine.</summary>
    public static void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, dy.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, dx.Length);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(dy[i..]) * Slope(new Vector<float>(x[i..]))).CopyTo(dx[i..]);
        }

        if (i < x.Length)
        {
            (Lanes.Load(dy[i..]) * Slope(Lanes.Load(x[i..]))).StoreFirst(dx[i..]);
        }
    }

    private static Vector<float> Forward(Vector<float> x) => x * VectorMath.NormalCdf(x, out _);

    private static Vector<float> Slope(Vector<float> x)
    {
        Vector<float> probability = VectorMath.NormalCdf(x, out Vector<float> density);
        return Vector.MultiplyAddEstimate(x, density, probability);
    }
}
