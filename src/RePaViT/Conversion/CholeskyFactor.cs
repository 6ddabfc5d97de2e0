using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// A symmetric matrix A [size, size], lower triangle, in whose place L with A = L L' is computed, for all columns or the first
/// ones. Each element is computed by one thread in one order, so any number of threads gives the same.
/// </summary>
/// <param name="values">A, row by row; L stands there afterwards.</param>
/// <param name="size">Rows of A.</param>
/// <param name="team">The threads that compute.</param>
internal sealed class CholeskyFactor(double[] values, int size, ThreadTeam team)
{
    // Rows of a panel, which stay in the cache of a core while all rows below go by.
    private const int PanelRows = 64;

    // Rows that are solved for together: each row of L is used for all of them.
    private const int RowsPerTask = 8;

    /// <summary>
    /// Computes the first columns of L, in all rows. Of a row below them, in which right-hand sides may stand, it gives
    /// l = b L^-T.
    /// </summary>
    /// <exception cref="ArithmeticException">These columns are not of a positive definite matrix, or not of numbers.</exception>
    public void Factor(int columns)
    {
        for (int first = 0; first < columns; first += PanelRows)
        {
            int end = Math.Min(first + PanelRows, columns);
            Subtract(first, first, end);
            for (int row = first; row < end; row++)
            {
                SolveRow(row, first, row);
                double square = values[row * size + row] - TensorPrimitives.SumOfSquares<double>(Part(row, first, row));
                if (!(square > 0) || double.IsInfinity(square))
                {
                    throw new ArithmeticException($"The matrix is not positive definite: {square} is on its diagonal.");
                }

                values[row * size + row] = Math.Sqrt(square);
            }

            team.Run(size - end, (row, _) => SolveRow(end + row, first, end));
        }
    }

    /// <summary>Subtracts from all that is right of the first columns what they explain: A22 - L21 L21'.</summary>
    public void Complement(int columns)
    {
        for (int first = columns; first < size; first += PanelRows)
        {
            Subtract(columns, first, Math.Min(first + PanelRows, size));
        }
    }

    /// <summary>Solves x L = l for rows after the first columns, in their place.</summary>
    /// <param name="columns">Columns of L.</param>
    /// <param name="rows">[rows, stride]; l is the beginning of each.</param>
    /// <param name="stride">From one row to the next.</param>
    public void SolveTransposed(int columns, Memory<double> rows, int stride)
    {
        int count = rows.Length / stride;
        team.Run((count + RowsPerTask - 1) / RowsPerTask, (task, _) =>
        {
            int end = Math.Min((task + 1) * RowsPerTask, count);
            for (int column = columns - 1; column >= 0; column--)
            {
                ReadOnlySpan<double> factor = values.AsSpan(column * size, column);
                double diagonal = values[column * size + column];
                for (int row = task * RowsPerTask; row < end; row++)
                {
                    Span<double> solved = rows.Span.Slice(row * stride, column + 1);
                    solved[column] /= diagonal;
                    TensorPrimitives.MultiplyAdd(factor, -solved[column], solved[..column], solved[..column]);
                }
            }
        });
    }

    /// <summary>The lower part of some columns, minus the products of all columns before one.</summary>
    private void Subtract(int depth, int first, int end)
    {
        if (depth == 0)
        {
            return;
        }

        team.Run(size - first, (task, _) =>
        {
            int row = first + task;
            ReadOnlySpan<double> left = Part(row, 0, depth);
            for (int column = first; column < Math.Min(end, row + 1); column++)
            {
                values[row * size + column] -= TensorPrimitives.Dot<double>(left, Part(column, 0, depth));
            }
        });
    }

    private void SolveRow(int row, int first, int end)
    {
        for (int column = first; column < end; column++)
        {
            double rest = values[row * size + column] - TensorPrimitives.Dot<double>(Part(row, first, column), Part(column, first, column));
            values[row * size + column] = rest / values[column * size + column];
        }
    }

    private ReadOnlySpan<double> Part(int row, int first, int end) => values.AsSpan(row * size + first, end - first);
}
