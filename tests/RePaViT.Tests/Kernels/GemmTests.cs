using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class GemmTests
{
    // The partial sums of `depth` products of numbers in [-1, 1] stay below 5/3 sqrt(depth), five deviations. Each is
    // rounded to 24 bits, and `depth` such errors add up as a random walk does: 2^-24 * 5/3 sqrt(depth) * sqrt(depth).
    private static double Tolerance(int depth) => 3e-7 + 1e-7 * depth;

    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(1, 7, 33)]
    [DataRow(5, 16, 31)]
    [DataRow(12, 64, 32)]
    [DataRow(13, 3, 65)]
    [DataRow(37, 257, 40)]
    [DataRow(151, 300, 97)]
    [DataRow(300, 40, 130)]
    public void Product_equals_plain_loops(int rows, int depth, int columns)
    {
        PinnedBuffer a = Values.Random((long)rows * depth, 1);
        PinnedBuffer b = Values.Random((long)depth * columns, 2);
        double[,] expected = Values.Multiply(Values.Copy(a.AsMatrix(rows, depth)), Values.Copy(b.AsMatrix(depth, columns)));
        foreach (int threads in new[] { 1, 2, 3 })
        {
            ThreadTeam team = ThreadTeam.Get(threads);
            var packed = new PackedMatrix();
            packed.Pack(team, b.AsMatrix(depth, columns), transposed: false);
            var c = new PinnedBuffer((long)rows * columns);
            new Gemm(team).Multiply(a.AsMatrix(rows, depth), packed, c.AsMatrix(rows, columns));
            Values.AreClose(expected, c.AsMatrix(rows, columns), Tolerance(depth), $"{threads} threads");
        }
    }

    [TestMethod]
    public void Transposed_factors_are_the_same_factors()
    {
        const int Rows = 29, Depth = 41, Columns = 67;
        ThreadTeam team = ThreadTeam.Get(2);
        PinnedBuffer a = Values.Random(Rows * Depth, 1);
        PinnedBuffer b = Values.Random(Depth * Columns, 2);
        double[,] expected = Values.Multiply(
            Values.Transpose(Values.Copy(a.AsMatrix(Depth, Rows))), Values.Transpose(Values.Copy(b.AsMatrix(Columns, Depth))));
        PackedMatrix packed = PackedMatrix.OfLinearWeight(team, b.AsMatrix(Columns, Depth));
        var c = new PinnedBuffer(Rows * Columns);
        new Gemm(team).Multiply(a.AsMatrix(Depth, Rows), packed, c.AsMatrix(Rows, Columns), transposedA: true);
        Values.AreClose(expected, c.AsMatrix(Rows, Columns), Tolerance(Depth), "product");
    }

    [TestMethod]
    public void Epilogue_and_accumulation_reach_every_value_of_a_view()
    {
        const int Rows = 26, Depth = 300, Columns = 70, Gelu = 33, Margin = 5;
        ThreadTeam team = ThreadTeam.Get(2);
        PinnedBuffer a = Values.Random(Rows * Depth, 1);
        PinnedBuffer b = Values.Random(Depth * Columns, 2);
        PinnedBuffer bias = Values.Random(Columns, 3);
        PinnedBuffer all = Values.Random(Rows * (Columns + Margin), 5);
        Matrix c = all.AsMatrix(Rows, Columns + Margin).TakeColumns(2, Columns);
        double[,] untouched = Values.Copy(all.AsMatrix(Rows, Columns + Margin));
        double[,] start = Values.Copy(c);
        var packed = new PackedMatrix();
        packed.Pack(team, b.AsMatrix(Depth, Columns), transposed: false);
        double[,] product = Values.Multiply(Values.Copy(a.AsMatrix(Rows, Depth)), Values.Copy(b.AsMatrix(Depth, Columns)));

        new Gemm(team).Multiply(
            a.AsMatrix(Rows, Depth), packed, c, GemmEpilogue.AddBiasThenGelu(bias.AsMatrix(1, Columns), Gelu), accumulate: true);
        var expected = new double[Rows, Columns];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                double u = start[i, j] + product[i, j] + bias.Span[j];
                expected[i, j] = j < Gelu ? u * RePaViT.Operators.PlainMath.NormalCdf(u) : u;
            }
        }

        Values.AreClose(expected, c, Tolerance(Depth), "bias and GELU");
        double[,] after = Values.Copy(all.AsMatrix(Rows, Columns + Margin));
        for (int i = 0; i < Rows; i++)
        {
            foreach (int j in new[] { 0, 1, Columns + 2, Columns + 3, Columns + 4 })
            {
                Assert.AreEqual(untouched[i, j], after[i, j], "a neighbor of the view changed");
            }
        }
    }

    [TestMethod]
    public void Rows_do_not_depend_on_how_many_there_are_nor_on_threads()
    {
        const int Rows = 333, Depth = 520, Columns = 75;
        PinnedBuffer a = Values.Random(Rows * Depth, 1);
        PinnedBuffer b = Values.Random(Depth * Columns, 2);
        PackedMatrix packed = PackedMatrix.OfLinearWeight(ThreadTeam.Get(1), b.AsMatrix(Columns, Depth));
        var all = new PinnedBuffer(Rows * Columns);
        new Gemm(ThreadTeam.Get(2)).Multiply(a.AsMatrix(Rows, Depth), packed, all.AsMatrix(Rows, Columns));
        var single = new PinnedBuffer(Columns);
        for (int row = 0; row < Rows; row += 7)
        {
            new Gemm(ThreadTeam.Get(1)).Multiply(
                a.AsMatrix(Rows, Depth).TakeRows(row, 1), packed, single.AsMatrix(1, Columns));
            Assert.IsTrue(single.Span.SequenceEqual(all.AsMatrix(Rows, Columns).Row(row)), $"row {row}");
        }
    }

    [TestMethod]
    public void Shapes_that_do_not_fit_are_refused()
    {
        ThreadTeam team = ThreadTeam.Get(1);
        var buffer = new PinnedBuffer(1000);
        PackedMatrix packed = PackedMatrix.OfLinearWeight(team, buffer.AsMatrix(4, 6));
        var gemm = new Gemm(team);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gemm.Multiply(buffer.AsMatrix(3, 5), packed, buffer.AsMatrix(3, 4)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gemm.Multiply(buffer.AsMatrix(3, 6), packed, buffer.AsMatrix(2, 4)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => gemm.Multiply(buffer.AsMatrix(3, 6), packed, buffer.AsMatrix(3, 5)));
    }
}
