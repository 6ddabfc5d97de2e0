using RePaViT.PhotoSimilarity.Tests.Support;

namespace RePaViT.PhotoSimilarity.Tests;

[TestClass]
public sealed class NearDuplicatesTests
{
    [TestMethod]
    [DataRow(0, 0.8f)]
    [DataRow(1, 0.8f)]
    [DataRow(2, -1f)]
    [DataRow(63, 0.8f)]
    [DataRow(64, 0.8f)]
    [DataRow(65, 0.8f)]
    [DataRow(300, 0.7f)]
    [DataRow(300, 0.9f)]
    [DataRow(300, 1f)]
    public void Groups_are_those_of_a_plain_walk_from_row_to_row(int count, float threshold)
    {
        float[][] rows = UnitVectors.Create(count, length: 24, perCenter: 8, seed: count);
        int[] firstCopies = [.. Enumerable.Range(0, count)];

        int[][] groups = NearDuplicates.Find(rows, threshold, firstCopies);

        AreEqual(Walk(rows, threshold), groups);
    }

    [TestMethod]
    public void Rows_of_one_file_are_in_one_group_however_little_similar()
    {
        float[][] rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]];

        AreEqual([[0, 2], [1, 3]], NearDuplicates.Find(rows, 0.9f, [0, 1, 0, 3]));
    }

    [TestMethod]
    public void Equal_rows_are_found_by_a_threshold_of_1()
    {
        float[] row = UnitVectors.Create(1, length: 192, perCenter: 1, seed: 5)[0];

        AreEqual([[0, 1, 2]], NearDuplicates.Find([row, [.. row], [.. row]], 1, [0, 1, 2]));
    }

    [TestMethod]
    public void A_search_that_is_cancelled_ends()
        => Assert.Throws<OperationCanceledException>(
            () => NearDuplicates.Find(UnitVectors.Create(100, 8, 8, 1), 0.5f, [.. Enumerable.Range(0, 100)], new CancellationToken(canceled: true)));

    /// <summary>Groups by their definition: whatever can be reached over pairs that are similar.</summary>
    private static int[][] Walk(float[][] rows, float threshold)
    {
        var groups = new List<int[]>();
        bool[] isSeen = new bool[rows.Length];
        for (int start = 0; start < rows.Length; start++)
        {
            var reached = new List<int>();
            var waiting = new Stack<int>([start]);
            while (waiting.TryPop(out int row))
            {
                if (isSeen[row])
                {
                    continue;
                }

                isSeen[row] = true;
                reached.Add(row);
                for (int other = 0; other < rows.Length; other++)
                {
                    if (UnitVectors.Cosine(rows[row], rows[other]) >= threshold)
                    {
                        waiting.Push(other);
                    }
                }
            }

            if (reached.Count > 1)
            {
                groups.Add([.. reached.Order()]);
            }
        }

        return [.. groups];
    }

    private static void AreEqual(int[][] expected, int[][] actual) => Assert.AreEqual(Write(expected), Write(actual));

    private static string Write(int[][] groups) => string.Join("; ", groups.Select(group => string.Join(' ', group)));
}
