using System.Numerics;
using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>Elementary functions of vectors, to about float precision, without branches.</summary>
internal static class VectorMath
{
    /// <summary>e^x; 0 below -87, nothing above e^88, NaN of NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        // x = n ln 2 + r, |r| <= ln 2 / 2. ln 2 in two parts, the first with few bits, so that n * it is exact.
        const float Ln2High = 0.693359375f;
        const float Ln2Low = -2.12194440e-4f;
        const float Log2E = 1.44269504f;
        const float Smallest = -87.3f;

        // The native forms return their second operand where one is not a number, so NaN stays NaN.
        Vector<float> clamped = Vector.MinNative(new Vector<float>(88), Vector.MaxNative(new Vector<float>(Smallest), x));
        Vector<float> n = Vector.Round(clamped * new Vector<float>(Log2E));
        Vector<float> r = Vector.MultiplyAddEstimate(n, new Vector<float>(-Ln2High), clamped);
        r = Vector.MultiplyAddEstimate(n, new Vector<float>(-Ln2Low), r);

        // The Taylor series: after the term r^7/7! less than 6e-9 is left.
        var sum = new Vector<float>(1f / 5040);
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 720));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 120));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 24));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 6));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 2));
        sum = Vector.MultiplyAddEstimate(sum, r, Vector<float>.One);
        sum = Vector.MultiplyAddEstimate(sum, r, Vector<float>.One);

        // 2^n by way of the exponent bits.
        Vector<int> power = (Vector.ConvertToInt32Native(n) + new Vector<int>(127)) << 23;
        Vector<float> result = sum * Vector.AsVectorSingle(power);
        return Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(Smallest)), Vector<float>.Zero, result);
    }

    /// <summary>The standard normal distribution: P(X &lt;= x), and its density.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> NormalCdf(Vector<float> x, out Vector<float> density)
    {
        // For a = |x|: P(X <= -a) = exp(-a^2/2) R(a), with R fitted (least squares, reweighted towards the largest
        // relative error, which is 1.4e-7) as a polynomial in t = 1/(1 + 0.31 a) on 0 <= a <= 10.
        Vector<float> magnitude = Vector.Abs(x);
        Vector<float> bell = Exp(magnitude * magnitude * new Vector<float>(-0.5f));
        density = bell * new Vector<float>(0.398942280f);
        Vector<float> t = Vector<float>.One / Vector.MultiplyAddEstimate(magnitude, new Vector<float>(0.31f), Vector<float>.One);
        var ratio = new Vector<float>(0.03492157533764839f);
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(-0.1375056654214859f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(0.1474601775407791f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(-0.007298434618860483f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(0.10570113360881805f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(0.10924907773733139f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(0.12379585206508636f));
        ratio = Vector.MultiplyAddEstimate(ratio, t, new Vector<float>(0.1236763522028923f));
        Vector<float> tail = bell * ratio * t;
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
    }
}
