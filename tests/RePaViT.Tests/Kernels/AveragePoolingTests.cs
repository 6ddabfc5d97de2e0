using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class AveragePoolingTests
{
    /// <summary>Sums of up to 49 values up to 1, each rounded by 6e-8 of what has come together.</summary>
    private const double Tolerance = 2e-6;

    private const int Images = 2;

    // Matrices do not keep their memory.
    private readonly List<PinnedBuffer> _buffers = [];

    public static IEnumerable<object[]> Sizes()
        => from size in new[] { 1, 2, 3, 6 } from reach in new[] { 0, 1, 3, 9 } from columns in new[] { 1, 7, 16, 19 } select new object[] { size, reach, columns };

    [TestMethod]
    [DynamicData(nameof(Sizes))]
    public void Means_are_right_at_every_size(int size, int reach, int columns)
    {
        int rows = Images * size * size;
        var pooling = new AveragePooling(ThreadTeam.Get(2));
        foreach (Matrix x in new[]
        {
            Random(rows, columns, 1), Random(rows, columns + 2, 1).TakeColumns(1, columns),
        })
        {
            Matrix y = Random(rows, columns, 2);
            double[,] before = Values.Copy(y);
            double[,] means = Means(x, size, reach);

            pooling.AddDifference(x, y, size, reach);
            Values.AreClose(Build(rows, columns, (row, column) => before[row, column] + means[row, column] - x.Row(row)[column]), y, Tolerance, "difference");

            pooling.Pool(x, y, size, reach);
            Values.AreClose(means, y, Tolerance, "means");
        }

        GC.KeepAlive(_buffers);
    }

    [TestMethod]
    [DynamicData(nameof(Sizes))]
    public void The_way_back_is_the_transpose(int size, int reach, int columns)
    {
        int rows = Images * size * size;
        Matrix dy = Random(rows, columns, 1);
        Matrix dx = Random(rows, columns, 2);
        double[,] before = Values.Copy(dx);
        double[,] expected = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            int[] window = Window(row, size, reach);
            for (int i = 0; i < window.Length * columns; i++)
            {
                expected[window[i / columns], i % columns] += dy.Row(row)[i % columns] / window.Length;
            }
        }

        var pooling = new AveragePooling(ThreadTeam.Get(2));
        pooling.Spread(dy, dx, size, reach, accumulate: true);
        Values.AreClose(Build(rows, columns, (row, column) => expected[row, column] + before[row, column]), dx, Tolerance, "added");

        pooling.Spread(dy, dx, size, reach, accumulate: false);
        Values.AreClose(expected, dx, Tolerance, "spread");
        GC.KeepAlive(_buffers);
    }

    private Matrix Random(int rows, int columns, int seed)
    {
        _buffers.Add(Values.Random(rows * columns, seed));
        return _buffers[^1].AsMatrix(rows, columns);
    }

    private static double[,] Means(Matrix x, int size, int reach)
    {
        double[,] values = Values.Copy(x);
        return Build(x.Rows, x.Columns, (row, column) => Window(row, size, reach).Average(other => values[other, column]));
    }

    /// <summary>The rows of the places within reach of that of a row, in the same image.</summary>
    private static int[] Window(int row, int size, int reach) => [.. Enumerable.Range(row / (size * size) * size * size, size * size).Where(other
        => Math.Abs(other / size - row / size) <= reach && Math.Abs(other % size - row % size) <= reach)];

    private static double[,] Build(int rows, int columns, Func<int, int, double> element)
    {
        double[,] result = new double[rows, columns];
        for (int i = 0; i < rows * columns; i++)
        {
            result[i / columns, i % columns] = element(i / columns, i % columns);
        }

        return result;
    }
}
