using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Verification;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;

namespace RePaViT.Torch.Tests;

/// <summary>The command that checks golden files, with this engine.</summary>
[TestClass]
public sealed class VerifyTests : TorchTest
{
    [TestMethod]
    public void Every_golden_file_of_ours_passes()
    {
        VerifyReport report = VerifyCommand.Run(Fixture.Folder, new TorchSharpEngine(DeviceKind.Cpu, Precision.Fp32));

        Assert.AreEqual(15, report.Passed, string.Join('\n', report.Files));
        Assert.AreEqual(0, report.Failed);
    }
}
