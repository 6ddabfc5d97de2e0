using RePaViT.PhotoSimilarity.Tests.Support;

namespace RePaViT.PhotoSimilarity.Tests;

[TestClass]
public sealed class NearestPhotosTests
{
    // Sums of 24 products in single precision.
    private const double Rounding = 1e-6;

    [TestMethod]
    [DataRow(300, 300, 8)]
    [DataRow(300, 257, 8)]
    [DataRow(300, 256, 1)]
    [DataRow(33, 20, 100)]
    [DataRow(1, 1, 3)]
    public void The_nearest_are_the_first_of_all_in_order(int count, int candidates, int most)
    {
        float[][] rows = UnitVectors.Create(count, length: 24, perCenter: 10, seed: count);
        int[] queries = [.. Enumerable.Range(0, count).Reverse()];

        Neighbor[][] found = NearestPhotos.Find(rows, candidates, queries, most);

        Assert.AreEqual(count, found.Length);
        foreach ((int query, Neighbor[] neighbors) in queries.Zip(found))
        {
            int[] expected =
            [
                .. Enumerable.Range(0, candidates).Where(row => row != query)
                    .OrderByDescending(row => UnitVectors.Cosine(rows[query], rows[row])).Take(most),
            ];
            CollectionAssert.AreEqual(expected, neighbors.Select(neighbor => neighbor.Row).ToArray());
            foreach (Neighbor neighbor in neighbors)
            {
                Assert.IsLessThanOrEqualTo(Rounding, Math.Abs(UnitVectors.Cosine(rows[query], rows[neighbor.Row]) - neighbor.Similarity));
            }
        }
    }

    [TestMethod]
    public void Of_equal_ones_the_first_are_taken()
    {
        float[][] rows = [.. Enumerable.Range(0, 700).Select(i => i % 2 == 0 ? new float[] { 0, 1 } : [1, 0])];

        Neighbor[] found = NearestPhotos.Find(rows, rows.Length, [5], most: 4)[0];

        CollectionAssert.AreEqual(new Neighbor[] { new(1, 1), new(3, 1), new(7, 1), new(9, 1) }, found);
    }

    [TestMethod]
    public void A_search_that_is_cancelled_ends()
        => Assert.Throws<OperationCanceledException>(
            () => NearestPhotos.Find(UnitVectors.Create(10, 8, 8, 1), 10, [0, 1], 3, new CancellationToken(canceled: true)));
}
