using RePaViT.Kernels;

namespace RePaViT.Tests.Kernels;

/// <summary>Rows of length 1 against plain double precision, on lengths around every vector width.</summary>
[TestClass]
public sealed class UnitRowsTests
{
    /// <summary>Some roundings of numbers up to one.</summary>
    private const double Tolerance = 1e-6;

    private const float Epsilon = 1e-12f;

    // Squares of the third are too large for 32 bits, and the last two are shorter than the least length.
    private static readonly float[] Magnitudes = [1, 1e-10f, 1e25f, 0, 1e-14f];

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(7)]
    [DataRow(8)]
    [DataRow(15)]
    [DataRow(16)]
    [DataRow(17)]
    [DataRow(31)]
    [DataRow(65)]
    public void Rows_and_their_gradients_are_those_of_the_definition(int columns)
    {
        int rows = Magnitudes.Length;
        PinnedBuffer values = Values.Random(rows * columns, seed: columns);
        PinnedBuffer gradients = Values.Random(rows * columns, seed: columns + 100);
        PinnedBuffer results = new(rows * columns);
        Matrix x = values.AsMatrix(rows, columns);
        Matrix dy = gradients.AsMatrix(rows, columns);
        Matrix y = results.AsMatrix(rows, columns);
        for (int row = 0; row < rows; row++)
        {
            foreach (ref float value in x.Row(row))
            {
                value *= Magnitudes[row];
            }
        }

        UnitRows.Forward(x, y, Epsilon);
        PinnedBuffer backward = new(rows * columns);
        Matrix dx = backward.AsMatrix(rows, columns);
        UnitRows.Backward(x, y, dy, dx, Epsilon, accumulate: false);
        for (int row = 0; row < rows; row++)
        {
            double[] from = Array.ConvertAll(x.Row(row).ToArray(), value => (double)value);
            double[] slope = Array.ConvertAll(dy.Row(row).ToArray(), value => (double)value);
            double length = Math.Sqrt(from.Sum(value => value * value));
            double divisor = Math.Max(length, Epsilon);
            double along = length > Epsilon ? from.Zip(slope).Sum(pair => pair.First / length * pair.Second) : 0;
            for (int column = 0; column < columns; column++)
            {
                AssertClose(from[column] / divisor, y.Row(row)[column], $"y, row {row}");

                // In units of 1 / |x|.
                AssertClose(slope[column] - from[column] / divisor * along, dx.Row(row)[column] * divisor, $"dx, row {row}");
            }
        }

        AssertInPlaceAndAdded(x, y, dy, dx);
        GC.KeepAlive((values, gradients, results, backward));
    }

    private static void AssertInPlaceAndAdded(Matrix x, Matrix y, Matrix dy, Matrix dx)
    {
        PinnedBuffer copy = PinnedBuffer.Of(dy.AsSpan());
        Matrix inPlace = copy.AsMatrix(dy.Rows, dy.Columns);
        UnitRows.Backward(x, y, inPlace, inPlace, Epsilon, accumulate: false);
        CollectionAssert.AreEqual(dx.AsSpan().ToArray(), inPlace.AsSpan().ToArray());
        UnitRows.Backward(x, y, dy, inPlace, Epsilon, accumulate: true);
        CollectionAssert.AreEqual(Array.ConvertAll(dx.AsSpan().ToArray(), value => value + value), inPlace.AsSpan().ToArray());
        GC.KeepAlive(copy);

        PinnedBuffer input = PinnedBuffer.Of(x.AsSpan());
        Matrix own = input.AsMatrix(x.Rows, x.Columns);
        UnitRows.Forward(own, own, Epsilon);
        CollectionAssert.AreEqual(y.AsSpan().ToArray(), own.AsSpan().ToArray());
        GC.KeepAlive(input);
    }

    private static void AssertClose(double expected, double actual, string what)
        => Assert.IsTrue(Math.Abs(expected - actual) <= Tolerance, $"{what}: {expected}, {actual}");
}
