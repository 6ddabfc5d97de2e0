using System.Numerics.Tensors;
using RePaViT.Randomness;

namespace RePaViT.Rewrites;

/// <summary>Orthonormal rows B that span the rows of a matrix A, so that A = (A B') B is a product through few channels.</summary>
internal static class RowSpace
{
    /// <summary>
    /// Every direction there is: a cosine transform after random signs. Each row mixes all columns about evenly, so no
    /// row stands for a single column, whose values may hardly vary.
    /// </summary>
    public static RowMatrix Full(int dim, RandomStream random)
    {
        var basis = new RowMatrix(dim, dim);
        for (int column = 0; column < dim; column++)
        {
            double scale = Math.Sqrt(2.0 / dim) * (random.NextInt32(2) == 0 ? 1 : -1);
            basis.Row(0)[column] = scale * Math.Sqrt(0.5);
            for (int row = 1; row < dim; row++)
            {
                basis.Row(row)[column] = scale * Math.Cos(Math.PI * row * (2 * column + 1) / (2.0 * dim));
            }
        }

        return basis;
    }

    /// <summary>
    /// At most <paramref name="limit"/> directions, by Gram and Schmidt with pivoting: the row with most that no earlier
    /// direction explains gives the next one.
    /// </summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="limit">Directions to take, if rows have anything left to explain.</param>
    /// <param name="negligible">Ends it when no more than this is left.</param>
    /// <param name="rest">Frobenius norm of what is left unexplained.</param>
    public static RowMatrix Leading(RowMatrix matrix, int limit, double negligible, out double rest)
    {
        double[][] rows = [.. Enumerable.Range(0, matrix.Rows).Select(row => matrix.Row(row).ToArray())];
        double[] squares = Array.ConvertAll(rows, row => TensorPrimitives.SumOfSquares<double>(row));
        var directions = new List<double[]>();
        while (directions.Count < limit && Math.Sqrt(squares.Sum()) > negligible)
        {
            double[] direction = [.. rows[TensorPrimitives.IndexOfMax<double>(squares)]];

            // What roundings have let in of earlier directions would otherwise grow from one to the next.
            foreach (double[] earlier in directions)
            {
                RemovePart(direction, earlier);
            }

            TensorPrimitives.Divide(direction, TensorPrimitives.Norm<double>(direction), direction);
            directions.Add(direction);
            Parallel.For(0, rows.Length, row =>
            {
                RemovePart(rows[row], direction);
                squares[row] = TensorPrimitives.SumOfSquares<double>(rows[row]);
            });
        }

        rest = Math.Sqrt(squares.Sum());
        var basis = new RowMatrix(directions.Count, matrix.Columns);
        for (int row = 0; row < directions.Count; row++)
        {
            directions[row].CopyTo(basis.Row(row));
        }

        return basis;
    }

    private static void RemovePart(double[] vector, double[] direction)
        => TensorPrimitives.MultiplyAdd(direction, -TensorPrimitives.Dot<double>(vector, direction), vector, vector);
}
