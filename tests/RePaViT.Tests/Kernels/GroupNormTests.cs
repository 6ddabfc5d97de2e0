using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class GroupNormTests
{
    private const float Epsilon = 0.01f;

    /// <summary>Some ten roundings of 6e-8 of values up to 6, and sums over up to 4000 of them in lanes and chunks.</summary>
    private const double Tolerance = 1e-5;

    private static readonly int[] Columns = [1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33];

    private static readonly int[] Rows = [1, 5, 64, 65, 130];

    // Matrices do not keep their memory.
    private readonly List<PinnedBuffer> _buffers = [];

    [TestMethod]
    public void Images_are_normalized_at_every_size_wherever_they_are()
    {
        foreach ((int rows, int columns) in Rows.SelectMany(rows => Columns.Select(columns => (rows, columns))))
        {
            // Rows that stand apart, far from 0, and in place.
            Matrix x = Random(2 * rows, columns + 2, columns).TakeColumns(1, columns);
            Shift(x, 100);
            Matrix weight = Random(1, columns, 2);
            Matrix bias = Random(1, columns, 3);
            double[,] expected = Normalize(Values.Copy(x), rows, weight.AsSpan(), bias.AsSpan());

            new GroupNorm(ThreadTeam.Get(2)).Forward(x, x, weight, bias, Epsilon, images: 2);

            // Values near 100 are rounded by 4e-6, which a small deviation makes larger.
            Values.AreClose(expected, x, 1e-4, $"{rows} x {columns}");
        }

        GC.KeepAlive(_buffers);
    }

    [TestMethod]
    public void Gradients_are_those_of_the_definition()
    {
        foreach ((int rows, int columns) in Rows.SelectMany(rows => Columns.Select(columns => (rows, columns))))
        {
            Matrix x = Random(2 * rows, columns, 1);
            Matrix dy = Random(2 * rows, columns, 2);
            Matrix weight = Random(1, columns, 3);
            Matrix bias = Random(1, columns, 4);
            foreach (bool accumulate in new[] { false, true })
            {
                Matrix dx = Random(2 * rows, columns, 5);
                Matrix y = Random(2 * rows, columns, 6);
                Matrix statistics = Random(2, 2, 7);
                double[] dWeight = new double[columns];
                double[] dBias = new double[columns];
                double[,] expected = Gradient(Values.Copy(x), Values.Copy(dy), rows, weight.AsSpan(), dWeight, dBias);
                for (int i = 0; accumulate && i < expected.Length; i++)
                {
                    expected[i / columns, i % columns] += dx.Row(i / columns)[i % columns];
                }

                var norm = new GroupNorm(ThreadTeam.Get(2));
                norm.Forward(x, y, weight, bias, Epsilon, statistics);
                float[] actualWeight = [.. Enumerable.Repeat(1f, columns)];
                float[] actualBias = [.. Enumerable.Repeat(2f, columns)];
                norm.Backward(x, statistics, weight, dy, dx, accumulate, actualWeight, actualBias);

                // An image of one value has no deviation: epsilon alone multiplies gradients by 10.
                Values.AreClose(expected, dx, 10 * Tolerance, $"{rows} x {columns}");
                for (int i = 0; i < columns; i++)
                {
                    Assert.IsTrue(Math.Abs(dWeight[i] + 1 - actualWeight[i]) <= 10 * Tolerance, $"weight {i} of {rows} x {columns}");
                    Assert.IsTrue(Math.Abs(dBias[i] + 2 - actualBias[i]) <= Tolerance, $"bias {i} of {rows} x {columns}");
                }
            }
        }

        GC.KeepAlive(_buffers);
    }

    [TestMethod]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        Matrix x = Random(3 * 150, 17, 1);
        Matrix weight = Random(1, 17, 2);
        float[][] results = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            Matrix y = Random(3 * 150, 17, 3);
            new GroupNorm(ThreadTeam.Get(threads)).Forward(x, y, weight, weight, Epsilon, images: 3);
            return y.AsSpan().ToArray();
        })];

        CollectionAssert.AreEqual(results[0], results[1]);
        CollectionAssert.AreEqual(results[0], results[2]);
        GC.KeepAlive(_buffers);
    }

    private Matrix Random(int rows, int columns, int seed)
    {
        _buffers.Add(Values.Random(rows * columns, seed));
        return _buffers[^1].AsMatrix(rows, columns);
    }

    private static void Shift(Matrix x, float by)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            foreach (ref float value in x.Row(row))
            {
                value += by;
            }
        }
    }

    private static (double Mean, double Deviation) Statistics(double[,] x, int first, int rows)
    {
        double[] values = [.. x.Cast<double>().Skip(first * x.GetLength(1)).Take(rows * x.GetLength(1))];
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + Epsilon));
    }

    private static double[,] Normalize(double[,] x, int rows, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias)
    {
        double[,] y = new double[x.GetLength(0), x.GetLength(1)];
        for (int first = 0; first < x.GetLength(0); first += rows)
        {
            (double mean, double deviation) = Statistics(x, first, rows);
            for (int i = 0; i < rows * weight.Length; i++)
            {
                (int row, int column) = (first + i / weight.Length, i % weight.Length);
                y[row, column] = (x[row, column] - mean) / deviation * weight[column] + bias[column];
            }
        }

        return y;
    }

    private static double[,] Gradient(double[,] x, double[,] dy, int rows, ReadOnlySpan<float> weight, double[] dWeight, double[] dBias)
    {
        double[,] dx = new double[x.GetLength(0), x.GetLength(1)];
        int length = rows * weight.Length;
        for (int first = 0; first < x.GetLength(0); first += rows)
        {
            (double mean, double deviation) = Statistics(x, first, rows);
            double gradient = 0;
            double product = 0;
            for (int i = 0; i < length; i++)
            {
                (int row, int column) = (first + i / weight.Length, i % weight.Length);
                double normalized = (x[row, column] - mean) / deviation;
                dWeight[column] += dy[row, column] * normalized;
                dBias[column] += dy[row, column];
                gradient += dy[row, column] * weight[column] / length;
                product += dy[row, column] * weight[column] * normalized / length;
            }

            for (int i = 0; i < length; i++)
            {
                (int row, int column) = (first + i / weight.Length, i % weight.Length);
                double normalized = (x[row, column] - mean) / deviation;
                dx[row, column] = (dy[row, column] * weight[column] - gradient - normalized * product) / deviation;
            }
        }

        return dx;
    }
}
