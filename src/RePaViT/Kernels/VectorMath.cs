using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>Elementary functions of vectors, to about float precision, without branches.</summary>
internal static class VectorMath
{
    /// <summary>e^x for x up to 88; 0 below -87, NaN of NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, ILanes<T>
    {
        // x = n ln 2 + r, |r| <= ln 2 / 2. ln 2 in two parts, the first with few bits, so that n * it is exact.
        const float Ln2High = 0.693359375f;
        const float Ln2Low = -2.12194440e-4f;
        const float Log2E = 1.44269504f;
        const float Smallest = -87.3f;

        T clamped = T.Max(T.Create(Smallest), x);
        T n = T.Round(clamped * T.Create(Log2E));
        T r = T.MultiplyAdd(n, T.Create(-Ln2High), clamped);
        r = T.MultiplyAdd(n, T.Create(-Ln2Low), r);

        // e^r = 1 + r + r^2 p(r), with p fitted for the smallest relative error of the whole: 3.1e-9.
        T sum = T.Create(0.0013814538816599266f);
        sum = T.MultiplyAdd(sum, r, T.Create(0.008368745339035831f));
        sum = T.MultiplyAdd(sum, r, T.Create(0.041668390816254786f));
        sum = T.MultiplyAdd(sum, r, T.Create(0.1666652039656716f));
        sum = T.MultiplyAdd(sum, r, T.Create(0.49999993431944917f));
        sum = T.MultiplyAdd(sum, r, T.Create(1));
        sum = T.MultiplyAdd(sum, r, T.Create(1));
        return T.SelectLess(x, Smallest, T.Create(0), T.Scale(sum, n));
    }

    /// <summary>The standard normal distribution: P(X &lt;= x), and its density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T NormalCdf<T>(T x, out T density)
        where T : struct, ILanes<T>
    {
        // For a = |x|: P(X <= -a) = exp(-a^2/2) R(a), with R fitted (least squares, reweighted towards the largest
        // relative error, which is 1.4e-7) as a polynomial in t = 1/(1 + 0.31 a) on 0 <= a <= 10.
        T magnitude = T.Abs(x);
        T bell = Exp(magnitude * magnitude * T.Create(-0.5f));
        density = bell * T.Create(0.398942280f);
        T t = T.Create(1) / T.MultiplyAdd(magnitude, T.Create(0.31f), T.Create(1));
        T ratio = T.Create(0.03492157533764839f);
        ratio = T.MultiplyAdd(ratio, t, T.Create(-0.1375056654214859f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(0.1474601775407791f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(-0.007298434618860483f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(0.10570113360881805f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(0.10924907773733139f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(0.12379585206508636f));
        ratio = T.MultiplyAdd(ratio, t, T.Create(0.1236763522028923f));
        T tail = bell * ratio * t;
        return T.SelectLess(x, 0, tail, T.Create(1) - tail);
    }
}
