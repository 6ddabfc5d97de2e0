using RePaViT.Benchmarks;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class ConvertPresetTests
{
    [TestMethod]
    public void A_conversion_is_timed()
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 16, Depth = 1, Heads = 2, Classes = 3, IdleRatio = 0.75 };

        ConvertPresetReport report = ConvertPresetCommand.Run(architecture, images: 10, threads: 1);

        Assert.IsTrue(report.Seconds > 0 && report.PeakBytes > 0 && report.ImagesPerSecondAfter > 0, $"{report}");
        Assert.IsTrue(report.MultiplyAddsAfter < report.MultiplyAddsBefore, $"{report}");
        Assert.ThrowsExactly<ArgumentException>(() => ConvertPresetCommand.Run(architecture with { IdleRatio = null }, images: 10, threads: 1));
    }
}
