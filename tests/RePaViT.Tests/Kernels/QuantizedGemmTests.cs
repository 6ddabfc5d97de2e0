using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class QuantizedGemmTests
{
    [TestMethod]
    public void Products_of_rounded_factors_equal_plain_loops()
    {
        SkipUnlessSupported();
        foreach ((int rows, int depth, int columns) in new[] { (1, 1, 1), (5, 3, 17), (6, 4, 16), (13, 37, 33), (200, 70, 48), (97, 192, 150) })
        {
            PinnedBuffer a = Values.Random((long)rows * depth, 1);
            PinnedBuffer b = Values.Random((long)depth * columns, 2);
            PinnedBuffer bias = Values.Random(columns, 3);
            PinnedBuffer start = Values.Random((long)rows * columns, 4);
            double[,] expected = Values.Multiply(
                RoundRows(Values.Copy(a.AsMatrix(rows, depth))), RoundColumns(Values.Copy(b.AsMatrix(depth, columns))));
            foreach (int threads in new[] { 1, 2, 3 })
            {
                ThreadTeam team = ThreadTeam.Get(threads);
                var left = new QuantizedRows();
                left.Quantize(team, a.AsMatrix(rows, depth));
                var packed = new PackedMatrix();
                packed.Pack(team, b.AsMatrix(depth, columns), transposed: false);
                var right = new QuantizedMatrix(team, packed);
                var gemm = new QuantizedGemm(team);
                var c = new PinnedBuffer((long)rows * columns);
                gemm.Multiply(left, right, c.AsMatrix(rows, columns));

                // Sums of integers are exact: what is left are a few roundings of each scale and of the result.
                Values.AreClose(expected, c.AsMatrix(rows, columns), 1e-6 * depth, $"[{rows}, {depth}] [{depth}, {columns}]");

                start.Span.CopyTo(c.Span);
                gemm.Multiply(left, right, c.AsMatrix(rows, columns), GemmEpilogue.AddBias(bias.AsMatrix(1, columns)), accumulate: true);
                var sum = new double[rows, columns];
                for (int i = 0; i < rows; i++)
                {
                    for (int j = 0; j < columns; j++)
                    {
                        sum[i, j] = start.Span[i * columns + j] + bias.Span[j] + expected[i, j];
                    }
                }

                Values.AreClose(sum, c.AsMatrix(rows, columns), 1e-6 * depth, "c + bias + a b");
            }
        }
    }

    [TestMethod]
    public void An_identity_that_is_left_out_is_not_rounded()
    {
        SkipUnlessSupported();
        const int Dim = 21;
        PinnedBuffer b = Values.Random(Dim * Dim, 1);
        for (int i = 0; i < Dim; i++)
        {
            b.Span[i * Dim + i] += 1000;
        }

        var with = new PackedMatrix();
        with.Pack(null, b.AsMatrix(Dim, Dim), transposed: false);
        for (int i = 0; i < Dim; i++)
        {
            b.Span[i * Dim + i] -= 1;
        }

        var without = new PackedMatrix();
        without.Pack(null, b.AsMatrix(Dim, Dim), transposed: false);
        Assert.IsTrue(Product(new QuantizedMatrix(ThreadTeam.Get(1), without)).SequenceEqual(
            Product(new QuantizedMatrix(ThreadTeam.Get(1), with, withoutIdentity: true))));

        static float[] Product(QuantizedMatrix right)
        {
            var left = new QuantizedRows();
            left.Quantize(ThreadTeam.Get(1), Values.Random(2 * Dim, 2).AsMatrix(2, Dim));
            var c = new PinnedBuffer(2 * Dim);
            new QuantizedGemm(ThreadTeam.Get(1)).Multiply(left, right, c.AsMatrix(2, Dim));
            return c.Span.ToArray();
        }
    }

    [TestMethod]
    public void Zeros_stay_zeros_and_what_is_not_finite_is_not_hidden()
    {
        SkipUnlessSupported();
        const int Depth = 11;
        ThreadTeam team = ThreadTeam.Get(1);
        PinnedBuffer a = Values.Random(4 * Depth, 1);
        a.AsMatrix(4, Depth).Row(0).Clear();
        a.AsMatrix(4, Depth).Row(1)[9] = float.NaN;
        a.AsMatrix(4, Depth).Row(2)[3] = float.NegativeInfinity;
        PinnedBuffer b = Values.Random(Depth * 2, 2);
        for (int k = 0; k < Depth; k++)
        {
            b.AsMatrix(Depth, 2).Row(k)[1] = 0;
        }

        var packed = new PackedMatrix();
        packed.Pack(null, b.AsMatrix(Depth, 2), transposed: false);
        var left = new QuantizedRows();
        left.Quantize(team, a.AsMatrix(4, Depth));
        var c = new PinnedBuffer(8);
        new QuantizedGemm(team).Multiply(left, new QuantizedMatrix(team, packed), c.AsMatrix(4, 2));
        Assert.AreEqual(0f, c.Span[0]);
        Assert.IsTrue(float.IsNaN(c.Span[2]) && float.IsNaN(c.Span[4]));
        Assert.IsTrue(float.IsFinite(c.Span[6]) && c.Span[6] != 0);
        Assert.AreEqual(0f, c.Span[7]);
    }

    private static void SkipUnlessSupported()
    {
        if (!QuantizedGemm.IsSupported)
        {
            Assert.Inconclusive("This machine has no AVX-VNNI.");
        }
    }

    private static double[,] RoundRows(double[,] a)
    {
        var rounded = new double[a.GetLength(0), a.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            double greatest = Enumerable.Range(0, a.GetLength(1)).Max(k => Math.Abs(a[i, k]));
            for (int k = 0; k < a.GetLength(1); k++)
            {
                // In float, as the kernel does: a value halfway between two integers may go either way.
                float scale = (float)greatest / 127;
                rounded[i, k] = Math.Round((float)a[i, k] * (1 / scale)) * scale;
            }
        }

        return rounded;
    }

    private static double[,] RoundColumns(double[,] b)
    {
        var rounded = new double[b.GetLength(0), b.GetLength(1)];
        for (int j = 0; j < b.GetLength(1); j++)
        {
            double greatest = Enumerable.Range(0, b.GetLength(0)).Max(k => Math.Abs(b[k, j]));
            for (int k = 0; k < b.GetLength(0); k++)
            {
                float scale = (float)greatest / 127;
                rounded[k, j] = Math.Round((float)b[k, j] / scale) * scale;
            }
        }

        return rounded;
    }
}
