using RePaViT.Kernels;

namespace RePaViT.Tests.Kernels;

/// <summary>Buffers with random values, and plain twins of matrix operations on them.</summary>
internal static class Values
{
    public static PinnedBuffer Random(long length, int seed)
    {
        var buffer = new PinnedBuffer(length);
        var random = new Random(seed);
        foreach (ref float value in buffer.Span)
        {
            value = (float)(2 * random.NextDouble() - 1);
        }

        return buffer;
    }

    public static double[,] Copy(Matrix matrix)
    {
        var copy = new double[matrix.Rows, matrix.Columns];
        for (int i = 0; i < matrix.Rows; i++)
        {
            for (int j = 0; j < matrix.Columns; j++)
            {
                copy[i, j] = matrix.Row(i)[j];
            }
        }

        return copy;
    }

    public static double[,] Transpose(double[,] a)
    {
        var result = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                result[j, i] = a[i, j];
            }
        }

        return result;
    }

    public static double[,] Multiply(double[,] a, double[,] b)
    {
        Assert.AreEqual(a.GetLength(1), b.GetLength(0));
        var result = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < b.GetLength(1); j++)
            {
                for (int k = 0; k < b.GetLength(0); k++)
                {
                    result[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return result;
    }

    /// <summary>Fails where a value is farther off than the tolerance, or not a number.</summary>
    public static void AreClose(double[,] expected, Matrix actual, double tolerance, string what)
    {
        Assert.AreEqual(expected.GetLength(0), actual.Rows, what);
        Assert.AreEqual(expected.GetLength(1), actual.Columns, what);
        for (int i = 0; i < actual.Rows; i++)
        {
            for (int j = 0; j < actual.Columns; j++)
            {
                double difference = Math.Abs(expected[i, j] - actual.Row(i)[j]);
                Assert.IsTrue(difference <= tolerance, $"{what} [{i}, {j}]: {actual.Row(i)[j]}, but {expected[i, j]} is right.");
            }
        }
    }
}
