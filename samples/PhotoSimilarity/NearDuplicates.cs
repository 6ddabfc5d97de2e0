using System.Numerics.Tensors;

namespace RePaViT.PhotoSimilarity;

/// <summary>Finds groups of photos that are nearly the same.</summary>
internal static class NearDuplicates
{
    // The rows of two blocks stay in the cache while their products are computed.
    private const int RowsPerBlock = 64;

    // What sums of 32-bit floats leave open: rows that are the same have a product of nearly 1.
    private const float Rounding = 1e-6f;

    /// <summary>
    /// Groups rows: two are in one group where they are similar or the same file, or where others between them lead from one to the
    /// other. All pairs are looked at, none is kept.
    /// </summary>
    /// <param name="rows">Features of unit length.</param>
    /// <param name="threshold">The cosine similarity from which two are near duplicates.</param>
    /// <param name="firstCopies">For each row the first one whose file has the same bytes, as <see cref="FileCopies"/> finds it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Groups of two and more, in the order of their first rows, each in the order of rows.</returns>
    public static int[][] Find(
        IReadOnlyList<float[]> rows, float threshold, IReadOnlyList<int> firstCopies, CancellationToken cancellationToken = default)
    {
        var groups = new DisjointSets(rows.Count);
        for (int i = 0; i < rows.Count; i++)
        {
            groups.Join(i, firstCopies[i]);
        }

        int blocks = (rows.Count + RowsPerBlock - 1) / RowsPerBlock;
        Parallel.For(0, blocks, new ParallelOptions { CancellationToken = cancellationToken }, block =>
        {
            var found = new List<(int, int)>();
            for (int other = block; other < blocks; other++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                FindInBlocks(rows, block, other, threshold - Rounding, found);
                lock (groups)
                {
                    found.ForEach(pair => groups.Join(pair.Item1, pair.Item2));
                }

                found.Clear();
            }
        });
        return [.. Enumerable.Range(0, rows.Count).GroupBy(groups.FirstOf).Select(group => group.ToArray()).Where(group => group.Length > 1)];
    }

    private static void FindInBlocks(IReadOnlyList<float[]> rows, int block, int other, float threshold, List<(int, int)> found)
    {
        int end = Math.Min((block + 1) * RowsPerBlock, rows.Count);
        int otherEnd = Math.Min((other + 1) * RowsPerBlock, rows.Count);
        for (int i = block * RowsPerBlock; i < end; i++)
        {
            float[] row = rows[i];
            for (int j = Math.Max(i + 1, other * RowsPerBlock); j < otherEnd; j++)
            {
                if (TensorPrimitives.Dot<float>(row, rows[j]) >= threshold)
                {
                    found.Add((i, j));
                }
            }
        }
    }
}
