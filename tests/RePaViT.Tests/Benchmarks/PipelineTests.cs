using RePaViT.Benchmarks;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class PipelineTests
{
    [TestMethod]
    public void The_shares_of_the_stages_add_up_to_the_whole()
    {
        PipelineReport report = PipelineCommand.Run(size: 16, width: 30, height: 20, batch: 4, seconds: 0.01);

        Assert.IsTrue(report.ImagesPerSecond > 0);
        Assert.HasCount(4, report.Stages);
        Assert.IsTrue(Math.Abs(report.Stages.Sum(stage => stage.Share) - 1) <= 1e-9);
    }
}
