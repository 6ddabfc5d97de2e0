using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class ElementwiseTests
{
    private static readonly int[] Lengths = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 129];

    [TestMethod]
    public void Exp_is_right_to_float_precision()
    {
        for (double x = -87; x <= 87; x += 0.0137)
        {
            double actual = Exp((float)x);
            double expected = Math.Exp((float)x);
            Assert.IsTrue(Math.Abs(actual - expected) <= 2e-7 * expected, $"exp({x}) = {actual}, but {expected} is right.");
        }

        Assert.AreEqual(0f, Exp(-200));
        Assert.AreEqual(0f, Exp(float.NegativeInfinity));
        Assert.AreEqual(1f, Exp(0));
        Assert.IsTrue(float.IsNaN(Exp(float.NaN)));
    }

    [TestMethod]
    public void Normal_distribution_is_right_in_both_tails()
    {
        for (double x = -9; x <= 9; x += 0.00113)
        {
            double actual = NormalCdf((float)x, out float density);
            double expected = PlainMath.NormalCdf((float)x);
            double expectedDensity = Math.Exp(-0.5 * (double)(float)x * (float)x) / Math.Sqrt(2 * Math.PI);

            // x^2/2 is rounded before the exponential: at 9 that alone is 40 * 6e-8.
            Assert.IsTrue(Math.Abs(actual - expected) <= 4e-6 * expected, $"P({x}) = {actual}, but {expected} is right.");

            // The fit is off by up to 1.4e-7 of the tail; a few roundings of 6e-8 come on top.
            Assert.IsTrue(Math.Abs(actual - expected) <= 3e-7, $"P({x}) = {actual}, but {expected} is right.");
            Assert.IsTrue(Math.Abs(density - expectedDensity) <= 4e-6 * expectedDensity, $"density({x})");
        }
    }

    [TestMethod]
    public void Relu_and_its_slope_are_right_at_every_length()
    {
        foreach (int length in Lengths)
        {
            PinnedBuffer x = Values.Random(length, 1);
            PinnedBuffer dy = Values.Random(length, 2);
            float[] y = new float[length];
            float[] dx = new float[length];
            for (int i = 0; i < length; i += 5)
            {
                x.Span[i] = (i % 3) switch { 0 => 0, 1 => float.NaN, _ => float.Epsilon };
            }

            Relu.Forward(x.Span, y);
            Relu.Backward(y, dy.Span, dx);
            for (int i = 0; i < length; i++)
            {
                Assert.AreEqual(MathF.Max(x.Span[i], 0), y[i]);
                Assert.AreEqual(x.Span[i] <= 0 ? 0 : dy.Span[i], dx[i]);
            }
        }
    }

    [TestMethod]
    public void Gelu_and_its_slope_are_right_at_every_length()
    {
        foreach (int length in Lengths)
        {
            PinnedBuffer x = Values.Random(length, 1);
            PinnedBuffer dy = Values.Random(length, 2);
            float[] y = new float[length];
            float[] dx = new float[length];
            for (int i = 0; i < length; i++)
            {
                x.Span[i] *= 6;
            }

            Gelu.Forward(x.Span, y);
            Gelu.Backward(x.Span, dy.Span, dx);
            for (int i = 0; i < length; i++)
            {
                double value = x.Span[i];
                double probability = PlainMath.NormalCdf(value);
                double slope = probability + value * Math.Exp(-0.5 * value * value) / Math.Sqrt(2 * Math.PI);
                Assert.IsTrue(Math.Abs(y[i] - value * probability) <= 1e-6, $"GELU({value})");
                Assert.IsTrue(Math.Abs(dx[i] - dy.Span[i] * slope) <= 1e-6, $"GELU'({value})");
            }
        }
    }

    [TestMethod]
    public void Quick_gelu_and_its_slope_are_right_at_every_length()
    {
        foreach (int length in Lengths)
        {
            PinnedBuffer x = Values.Random(length, 1);
            PinnedBuffer dy = Values.Random(length, 2);
            float[] y = new float[length];
            float[] dx = new float[length];
            for (int i = 0; i < length; i++)
            {
                // Also far outside of what exp is finite for.
                x.Span[i] *= i % 7 == 6 ? 300 : 6;
            }

            QuickGelu.Forward(x.Span, y);
            QuickGelu.Backward(x.Span, dy.Span, dx);
            for (int i = 0; i < length; i++)
            {
                double value = x.Span[i];
                double tolerance = 1e-6 * Math.Max(1, Math.Abs(value));
                Assert.IsTrue(Math.Abs(y[i] - PlainMath.QuickGelu(value)) <= tolerance, $"quick GELU({value})");
                Assert.IsTrue(Math.Abs(dx[i] - dy.Span[i] * PlainMath.QuickGeluDerivative(value)) <= tolerance, $"quick GELU'({value})");
            }
        }
    }

    [TestMethod]
    public void A_value_does_not_depend_on_its_place()
    {
        PinnedBuffer x = Values.Random(67, 1);
        float[] whole = new float[67];
        Gelu.Forward(x.Span, whole);
        for (int start = 0; start < 67; start++)
        {
            float[] rest = new float[67 - start];
            Gelu.Forward(x.Span[start..], rest);
            Assert.IsTrue(rest.AsSpan().SequenceEqual(whole.AsSpan(start)), $"from {start} on");
        }
    }

    [TestMethod]
    public void Softmax_is_right_at_every_length_and_survives_large_scores()
    {
        foreach (int length in Lengths.Where(length => length > 0))
        {
            PinnedBuffer x = Values.Random(length, length);
            for (int i = 0; i < length; i++)
            {
                x.Span[i] = x.Span[i] * 30 + 500;
            }

            double max = x.Span.ToArray().Max();
            double[] exponentials = [.. x.Span.ToArray().Select(value => Math.Exp(value - max))];
            Softmax.Forward(x.Span);
            for (int i = 0; i < length; i++)
            {
                double expected = exponentials[i] / exponentials.Sum();
                Assert.IsTrue(Math.Abs(x.Span[i] - expected) <= 1e-6, $"{i} of {length}");
            }
        }
    }

    [TestMethod]
    public void Sums_are_right_at_every_length()
    {
        foreach (int length in Lengths)
        {
            PinnedBuffer x = Values.Random(length + 1, 1);
            PinnedBuffer y = Values.Random(length + 1, 2);
            double[] plainX = [.. x.Span[..length].ToArray().Select(value => (double)value)];
            double[] plainY = [.. y.Span[..length].ToArray().Select(value => (double)value)];
            Assert.AreEqual(plainX.Sum(value => value * value), Reduce.SumOfSquares(x.Span[..length]), 1e-12 * length);
            unsafe
            {
                Assert.AreEqual(plainX.Sum(), Reduce.Sum(x.Pointer, length), 1e-5);
                Assert.AreEqual(plainX.Sum(value => (value - 0.5) * (value - 0.5)), Reduce.SumOfSquares(x.Pointer, 0.5f, length), 1e-5);
                Assert.AreEqual(plainX.Zip(plainY, (a, b) => a * b).Sum(), Reduce.Dot(x.Pointer, y.Pointer, length), 1e-5);
                Assert.AreEqual(
                    length == 0 ? float.NegativeInfinity : (float)plainX.Max(), Reduce.Max(x.Pointer, length));
            }
        }
    }

    private static float Exp(float x)
        => Lanes.AreWide ? First(VectorMath.Exp(WideLanes.Create(x))) : First(VectorMath.Exp(NativeLanes.Create(x)));

    private static float NormalCdf(float x, out float density)
        => Lanes.AreWide ? NormalCdf<WideLanes>(x, out density) : NormalCdf<NativeLanes>(x, out density);

    private static float NormalCdf<T>(float x, out float density)
        where T : struct, ILanes<T>
    {
        float probability = First(VectorMath.NormalCdf(T.Create(x), out T densities));
        density = First(densities);
        return probability;
    }

    private static unsafe float First<T>(T lanes)
        where T : struct, ILanes<T>
    {
        float first;
        Lanes.StoreFirst(lanes, &first, 1);
        return first;
    }
}
