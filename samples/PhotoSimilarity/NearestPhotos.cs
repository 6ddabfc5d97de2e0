using System.Numerics.Tensors;

namespace RePaViT.PhotoSimilarity;

/// <summary>Finds the most similar photos of some.</summary>
internal static class NearestPhotos
{
    // As many queries share what is in the cache of the candidates.
    private const int QueriesPerBlock = 32;
    private const int CandidatesPerBlock = 256;

    // The least similar is the first to go; of equals the one that comes last.
    private static readonly Comparer<Neighbor> _leastFirst = Comparer<Neighbor>.Create((one, other) =>
        one.Similarity != other.Similarity ? one.Similarity.CompareTo(other.Similarity) : other.Row.CompareTo(one.Row));

    /// <summary>Finds them in memory of what is returned.</summary>
    /// <param name="rows">Features of unit length.</param>
    /// <param name="candidates">Among so many rows, from the first on, similar ones are looked for.</param>
    /// <param name="queries">The rows to find similar ones of; none is similar to itself.</param>
    /// <param name="most">How many to find of each.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>For each query the most similar first; of equals the one that comes first.</returns>
    public static Neighbor[][] Find(
        IReadOnlyList<float[]> rows, int candidates, IReadOnlyList<int> queries, int most, CancellationToken cancellationToken = default)
    {
        var found = new Neighbor[queries.Count][];
        int blocks = (queries.Count + QueriesPerBlock - 1) / QueriesPerBlock;
        Parallel.For(0, blocks, new ParallelOptions { CancellationToken = cancellationToken }, block =>
        {
            int first = block * QueriesPerBlock;
            int count = Math.Min(QueriesPerBlock, queries.Count - first);
            PriorityQueue<Neighbor, Neighbor>[] nearest =
                [.. Enumerable.Range(0, count).Select(_ => new PriorityQueue<Neighbor, Neighbor>(_leastFirst))];
            for (int start = 0; start < candidates; start += CandidatesPerBlock)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int end = Math.Min(start + CandidatesPerBlock, candidates);
                for (int i = 0; i < count; i++)
                {
                    Compare(rows, queries[first + i], start, end, most, nearest[i]);
                }
            }

            for (int i = 0; i < count; i++)
            {
                found[first + i] = [.. nearest[i].UnorderedItems.Select(item => item.Element).OrderDescending(_leastFirst)];
            }
        });
        return found;
    }

    private static void Compare(
        IReadOnlyList<float[]> rows, int query, int start, int end, int most, PriorityQueue<Neighbor, Neighbor> nearest)
    {
        float[] row = rows[query];
        for (int j = start; j < end; j++)
        {
            if (j == query)
            {
                continue;
            }

            var neighbor = new Neighbor(j, TensorPrimitives.Dot<float>(row, rows[j]));
            if (nearest.Count < most)
            {
                nearest.Enqueue(neighbor, neighbor);
            }
            else if (neighbor.Similarity > nearest.Peek().Similarity)
            {
                // Candidates come in order: an equal one comes later, and stays out.
                nearest.DequeueEnqueue(neighbor, neighbor);
            }
        }
    }
}
