using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class PackedMatrixTests
{
    private static readonly int Width = GemmKernel.PanelWidth;

    [TestMethod]
    public void Rows_and_weights_come_back_as_they_were()
    {
        foreach ((int depth, int columns) in new[] { (1, 1), (7, Width), (5, 3 * Width + 5) })
        {
            float[] rows = Values.Random((long)depth * columns, 1).Span.ToArray();
            var packed = new PackedMatrix(depth, columns);
            packed.SetRows(0, rows.AsSpan(0, depth / 2 * columns));
            packed.SetRows(depth / 2, rows.AsSpan(depth / 2 * columns));
            float[] weight = packed.ToLinearWeight();
            for (int i = 0; i < depth; i++)
            {
                for (int j = 0; j < columns; j++)
                {
                    Assert.AreEqual(rows[i * columns + j], weight[j * depth + i]);
                }
            }

            float[] again = PackedMatrix.OfLinearWeight(ThreadTeam.Get(2), weight, columns).ToLinearWeight();
            Assert.IsTrue(weight.AsSpan().SequenceEqual(again));
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => packed.SetRows(1, rows));
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => packed.SetRows(depth + 1, []));
        }
    }

    [TestMethod]
    public void Whole_panels_are_shared_and_others_copied_with_the_same_product()
    {
        const int Depth = 9;
        foreach (int leftColumns in new[] { Width, 2 * Width, 1, Width + 3 })
        {
            foreach (int rightColumns in new[] { Width, 5, Width + 7 })
            {
                PackedMatrix left = Random(Depth, leftColumns, 1);
                PackedMatrix right = Random(Depth, rightColumns, 2);
                PackedMatrix both = PackedMatrix.SideBySide(left, right);
                Assert.AreEqual(leftColumns % Width == 0, both.Panels[0].Address == left.Panels[0].Address);
                Assert.AreEqual(leftColumns + rightColumns, both.Columns);
                AssertSameProduct(left, both.TakeColumns(0, leftColumns));
                AssertSameProduct(right, both.TakeColumns(leftColumns, rightColumns));

                double[,] a = Values.Copy(Values.Random(3 * Depth, 3).AsMatrix(3, Depth));
                double[,] b = Values.Transpose(Values.Copy(PinnedBuffer.Of(both.ToLinearWeight()).AsMatrix(both.Columns, Depth)));
                Values.AreClose(Values.Multiply(a, b), Product(both), 1e-5, "side by side");
            }
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => PackedMatrix.SideBySide(new PackedMatrix(2, Width), new PackedMatrix(3, Width)));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PackedMatrix(2, 5).TakeColumns(4, 2));
    }

    private static PackedMatrix Random(int depth, int columns, int seed)
    {
        var packed = new PackedMatrix();
        packed.Pack(null, Values.Random((long)depth * columns, seed).AsMatrix(depth, columns), transposed: false);
        return packed;
    }

    private static void AssertSameProduct(PackedMatrix expected, PackedMatrix actual)
        => Assert.IsTrue(Product(expected).AsSpan().SequenceEqual(Product(actual).AsSpan()));

    private static Matrix Product(PackedMatrix b)
    {
        PinnedBuffer a = Values.Random(3 * b.Depth, 3);
        var c = new PinnedBuffer(3 * b.Columns);
        new Gemm(ThreadTeam.Get(2)).Multiply(a.AsMatrix(3, b.Depth), b, c.AsMatrix(3, b.Columns));
        return c.AsMatrix(3, b.Columns);
    }
}
