using RePaViT.Benchmarks;
using RePaViT.Kernels;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class InferenceCommandTests
{
    private static readonly ViTArchitecture Architecture = new()
    {
        ImageSize = 8, PatchSize = 4, Dim = 24, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.75,
    };

    [TestMethod]
    public void A_precision_is_compared_with_the_full_one_or_refused()
    {
        InferenceReport full = Run(InferencePrecision.Full);
        Assert.IsTrue(full is { FasterThanFull: null, ImagesPerSecond: > 0, GemmGflops: > 0 });
        Assert.Throws<NotSupportedException>(() => Run(InferencePrecision.BFloat16));
        if (QuantizedGemm.IsSupported)
        {
            Assert.IsTrue(Run(InferencePrecision.EightBit).FasterThanFull > 0);
        }
        else
        {
            Assert.Throws<NotSupportedException>(() => Run(InferencePrecision.EightBit));
        }
    }

    private static InferenceReport Run(InferencePrecision precision)
        => InferenceCommand.Run(Architecture, ExportForm.Deployed, batch: 2, threads: 2, seconds: 0.01, precision);
}
