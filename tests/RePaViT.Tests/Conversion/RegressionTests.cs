using RePaViT.Conversion;
using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Tests.Support;
using RePaViT.Threading;

namespace RePaViT.Tests.Conversion;

[TestClass]
public sealed class RegressionTests
{
    // Sums of some hundred products in double precision.
    private const double DoubleTolerance = 1e-9;

    // Sums of some hundred products of floats.
    private const double FloatTolerance = 1e-5;

    private static readonly ThreadTeam Team = ThreadTeam.Get(3);

    [TestMethod]
    [DataRow(1)]
    [DataRow(63)]
    [DataRow(130)]
    public void A_factor_times_its_transpose_is_the_matrix(int size)
    {
        double[,] matrix = PositiveDefinite(size);
        double[] values = [.. matrix.Cast<double>()];

        new CholeskyFactor(values, size, Team).Factor(size);

        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                double product = Enumerable.Range(0, column + 1).Sum(i => values[row * size + i] * values[column * size + i]);
                Assert.IsTrue(Math.Abs(product - matrix[row, column]) <= DoubleTolerance * size, $"{row}, {column}");
            }
        }
    }

    [TestMethod]
    public void Rows_below_the_factor_are_solved()
    {
        const int Size = 130;
        const int Unknowns = 100;
        double[,] matrix = PositiveDefinite(Size);
        double[] values = [.. matrix.Cast<double>()];
        var factor = new CholeskyFactor(values, Size, Team);

        factor.Factor(Unknowns);
        factor.SolveTransposed(Unknowns, values.AsMemory(Unknowns * Size), Size);

        for (int row = Unknowns; row < Size; row++)
        {
            for (int column = 0; column < Unknowns; column++)
            {
                double product = Enumerable.Range(0, Unknowns).Sum(i => values[row * Size + i] * matrix[i, column]);
                Assert.IsTrue(Math.Abs(product - matrix[row, column]) <= DoubleTolerance * Size, $"{row}, {column}");
            }
        }
    }

    [TestMethod]
    public void What_is_not_positive_definite_is_refused()
        => Assert.ThrowsExactly<ArithmeticException>(() => new CholeskyFactor([1, 0, 2, 1], 2, Team).Factor(2));

    [TestMethod]
    [DataRow(20, 37)]
    [DataRow(300, 530)]
    public void A_gram_matrix_adds_up_batches(int rows, int size)
    {
        int factors = size - 5;
        var gram = new GramMatrix(size, factors, Team);
        float[] values = RandomWeights.Floats(2 * rows * size, 3);
        foreach (int batch in new[] { 0, 1 })
        {
            var buffer = new PinnedBuffer(rows * size);
            for (int i = 0; i < buffer.Length; i++)
            {
                buffer.Span[i] = values[(batch * rows + i % rows) * size + i / rows];
            }

            gram.Add(buffer.AsMatrix(size, rows));
            GC.KeepAlive(buffer);
        }

        foreach ((int row, int column) in new[] { (0, 0), (size - 1, 0), (factors - 1, factors - 1), (size - 1, factors - 1), (size / 2, size / 3) })
        {
            double expected = Enumerable.Range(0, 2 * rows).Sum(i => (double)values[i * size + row] * values[i * size + column]);
            Assert.IsTrue(Math.Abs(gram.Values[row * size + column] - expected) <= FloatTolerance * rows, $"{row}, {column}");
        }

        Assert.AreEqual(0, gram.Values[^1], "Neither is a factor.");
    }

    /// <summary>Channels 0 and 1 are the same, so only one of them is worth anything, and z explains channel 2 already.</summary>
    [TestMethod]
    public void Selection_knows_what_is_redundant()
    {
        const int Rows = 500;
        float[] z = RandomWeights.Floats(Rows, 1);
        float[] strong = RandomWeights.Floats(Rows, 2);
        float[] weak = RandomWeights.Floats(Rows, 3);
        float[] channels = [.. Enumerable.Range(0, Rows).SelectMany(row => new[] { strong[row], strong[row], z[row], weak[row] })];
        float[] target = [.. Enumerable.Range(0, Rows).Select(row => 10 * z[row] + 5 * strong[row] + weak[row])];
        var features = new FeatureRows(dim: 1, channels: 4, [1], Team);
        features.Add(z, channels, target, new float[Rows]);

        int[] chosen = OrthogonalSelection.Choose(features, dim: 1, channels: 4, count: 2, ridge: 1e-4, Team);

        CollectionAssert.AreEqual(new[] { 0, 3 }, chosen);
    }

    [TestMethod]
    public void A_line_fits_what_is_linear()
    {
        float[] u = RandomWeights.Floats(200, 1);
        var lines = new LineFit(2, Team);
        lines.Add(u, [.. u.Select((value, i) => i % 2 == 0 ? 3 * value + 1 : value * value)], [1, 2]);

        Assert.IsTrue(Math.Abs(lines.Slope(0) - 3) <= FloatTolerance);
        Assert.IsTrue(Math.Abs(lines.Shift(0) - 1) <= FloatTolerance);
        Assert.IsTrue(lines.Rest(0) <= FloatTolerance);
        Assert.IsTrue(lines.Rest(1) > 0.1);
    }

    [TestMethod]
    [DataRow(1000)]
    [DataRow(0)]
    public void Rows_are_the_same_in_memory_and_in_a_file(int maxInMemory)
    {
        using var store = new RowStore(images: 5, new Shape(3, 4), maxInMemory);
        float[] values = RandomWeights.Floats(2 * 12, 1);
        store.Write(3, values);
        store.Write(0, new float[12]);
        float[] read = new float[24];
        store.Read(3, read);

        CollectionAssert.AreEqual(values, read);
    }

    private static double[,] PositiveDefinite(int size)
    {
        float[] rows = RandomWeights.Floats(2 * size * size, 7);
        double[,] matrix = new double[size, size];
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++)
            {
                matrix[row, column] = Enumerable.Range(0, 2 * size).Sum(i => (double)rows[i * size + row] * rows[i * size + column]);
            }
        }

        return matrix;
    }
}
