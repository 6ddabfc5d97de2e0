namespace RePaViT.Kernels;

/// <summary>
/// Columns in blocks, for threads that share sums over the rows of a matrix: the sum of a column is made by one of them, in the
/// order of the rows, so that results do not depend on the number of blocks.
/// </summary>
internal static class ColumnBlocks
{
    // What a thread reads of a row should be more than it fetches anyway.
    private const int MinColumns = 64;

    // Blocks begin with a cache line.
    private const int Unit = 16;

    /// <summary>Number of blocks: one for each thread, unless the columns are too few.</summary>
    public static int Count(int columns, int threads) => Math.Clamp(columns / MinColumns, 1, threads);

    public static Matrix ColumnBlock(this Matrix matrix, int block, int count)
    {
        int start = Start(matrix.Columns, block, count);
        return matrix.TakeColumns(start, Start(matrix.Columns, block + 1, count) - start);
    }

    public static Span<float> ColumnBlock(this Span<float> row, int block, int count)
        => row[Start(row.Length, block, count)..Start(row.Length, block + 1, count)];

    private static int Start(int columns, int block, int count)
        => block == count ? columns : (int)((long)columns * block / count / Unit * Unit);
}
