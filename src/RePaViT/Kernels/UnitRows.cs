using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>y = x / max(|x|, eps), row by row.</summary>
internal static class UnitRows
{
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">The result; may be x.</param>
    /// <param name="epsilon">The least length that a row is divided by.</param>
    public static void Forward(Matrix x, Matrix y, float epsilon)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Divide(x.Row(row), Length(x.Row(row), epsilon), y.Row(row));
        }
    }

    /// <summary>dx (+)= (dy - y (y . dy)) / |x|; where the length of a row is below eps, dx (+)= dy / eps.</summary>
    /// <param name="x">What the forward pass took.</param>
    /// <param name="y">What it gave.</param>
    /// <param name="dy">The gradient of that.</param>
    /// <param name="dx">The result; may be dy, unless it is added to.</param>
    /// <param name="epsilon">As there.</param>
    /// <param name="accumulate">Whether to add to dx.</param>
    public static void Backward(Matrix x, Matrix y, Matrix dy, Matrix dx, float epsilon, bool accumulate)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            float length = Length(x.Row(row), epsilon);
            float along = length > epsilon ? Reduce.Dot(y.Row(row), dy.Row(row)) : 0;
            Span<float> to = dx.Row(row);
            ReadOnlySpan<float> from = dy.Row(row);
            ReadOnlySpan<float> unit = y.Row(row);
            for (int column = 0; column < to.Length; column++)
            {
                float gradient = (from[column] - unit[column] * along) / length;
                to[column] = accumulate ? to[column] + gradient : gradient;
            }
        }
    }

    // In double precision: squares of large floats are infinite.
    private static float Length(ReadOnlySpan<float> row, float epsilon) => Math.Max((float)Math.Sqrt(Reduce.SumOfSquares(row)), epsilon);
}
