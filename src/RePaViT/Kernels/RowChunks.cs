namespace RePaViT.Kernels;

/// <summary>
/// Rows in chunks of fixed size, the unit in which threads share them. Sums over rows are made per chunk and then over the
/// chunks in order: that way they do not depend on the number of threads.
/// </summary>
internal static class RowChunks
{
    /// <summary>Rows of a chunk; the last may have fewer.</summary>
    public const int Size = 64;

    public static int Count(int rows) => (rows + Size - 1) / Size;

    public static Matrix Chunk(this Matrix matrix, int chunk)
        => matrix.TakeRows(chunk * Size, Math.Min(Size, matrix.Rows - chunk * Size));
}
