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
}
