using RePaViT.Kernels;

namespace RePaViT.Tests.Kernels;

[TestClass]
public sealed class ColumnBlocksTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(40)]
    public void Blocks_are_all_columns_one_after_the_other(int threads)
    {
        foreach (int columns in new[] { 0, 1, 63, 64, 127, 128, 130, 385, 1000 })
        {
            Matrix matrix = Values.Random(2 * columns, 1).AsMatrix(2, columns);
            int count = ColumnBlocks.Count(columns, threads);
            float[] seen = [.. Enumerable.Range(0, count).SelectMany(block => matrix.ColumnBlock(block, count).Row(1).ToArray())];
            float[] spans = [.. Enumerable.Range(0, count).SelectMany(block => matrix.Row(1).ColumnBlock(block, count).ToArray())];

            Assert.IsTrue(count >= 1 && count <= threads, $"{count} blocks of {columns}");
            CollectionAssert.AreEqual(matrix.Row(1).ToArray(), seen);
            CollectionAssert.AreEqual(seen, spans);
        }
    }
}
