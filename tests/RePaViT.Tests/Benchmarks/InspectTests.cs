using RePaViT.Benchmarks;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class InspectTests
{
    [TestMethod]
    public void Every_preset_is_there_at_every_ratio()
    {
        IReadOnlyList<ModelCost> models = InspectCommand.Run().Models;

        Assert.HasCount(3 * Architecture.Presets.Count, models);
        ModelCost tiny = models.Single(model => model is { Preset: "Tiny", IdleRatio: 0.75 });
        Assert.AreEqual(3.494, Math.Round(tiny.Deployed.Parameters / 1e6, 3));
        Assert.AreEqual(5.718, Math.Round(tiny.Vanilla.Parameters / 1e6, 3));
        ModelCost mixer = models.Single(model => model is { Preset: "Mixer-S32", IdleRatio: 0.75 });
        Assert.IsTrue(mixer.Deployed.Parameters < mixer.Vanilla.Parameters);
    }

    [TestMethod]
    public void Presets_have_the_sizes_in_the_paper()
    {
        // Multiply-adds in the paper are now and then a tenth above the sum of all products.
        const double Tolerance = 0.02;
        IReadOnlyList<PaperRow> rows = PaperReport.Create().Rows;
        Assert.HasCount(30 + 8 + 30 + 27, rows);
        foreach (PaperRow row in rows.Where(row => !row.ParametersAgree))
        {
            Assert.AreEqual(5, row.Table, $"{row}");
            Assert.IsNotNull(row.Note, $"{row}");
            Assert.IsTrue(Math.Abs(row.Parameters / row.PaperParameters - 1) <= 2e-3, $"{row}");
        }

        Assert.HasCount(2, rows.Where(row => !row.ParametersAgree).ToArray());
        PaperRow other = rows.Single(row => !row.GmacsAgree && Math.Abs(row.Gmacs!.Value / row.PaperGmacs!.Value - 1) > Tolerance);
        Assert.AreEqual("RePa-DeiT-Base/0.75, deployed", other.Network);
        Assert.AreEqual(2, other.Table);
        Assert.IsNotNull(other.Note);
        Assert.AreEqual(other.PaperGmacs!.Value, Math.Round(ViTArchitecture.Base.Cost(NetworkForm.Deployed).MultiplyAdds / 1e9, 1));
    }
}
