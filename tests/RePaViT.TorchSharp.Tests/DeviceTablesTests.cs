using RePaViT.Operators;
using RePaViT.Torch.Tests.Support;
using TorchSharp;

namespace RePaViT.Torch.Tests;

[TestClass]
public sealed class DeviceTablesTests : TorchTest
{
    private static readonly WindowGrid Grid = new(Size: 5, Window: 3, Shift: 1);

    [TestMethod]
    public void Tables_are_made_once_and_outlive_the_pass_that_made_them()
    {
        using var tables = new DeviceTables(Device);
        DeviceTables.Units first;
        using (torch.NewDisposeScope())
        {
            first = tables.Of(new WindowTable(Grid, Channels: 2));
        }

        DeviceTables.Units second = tables.Of(new WindowTable(Grid, Channels: 2));

        Assert.AreSame(first.Places, second.Places);
        Assert.IsFalse(second.Places.IsInvalid);
        Assert.IsTrue(second.HasZeros);
    }

    [TestMethod]
    public void Windows_of_a_shifted_map_share_one_table_of_rows_and_have_a_mask_each()
    {
        using var tables = new DeviceTables(Device);
        var positions = new RelativePositions(new TensorSpec("table", TensorRole.Embedding, 25, 2), Grid);

        DeviceTables.ScoreBias shifted = tables.Of(positions);
        DeviceTables.ScoreBias whole = tables.Of(positions with { Grid = Grid with { Shift = 0 } });

        CollectionAssert.AreEqual(new long[] { 81 }, shifted.Rows.shape);
        CollectionAssert.AreEqual(new long[] { 4, 1, 9, 9 }, shifted.Mask!.shape);
        Assert.IsNull(whole.Mask);
    }
}
