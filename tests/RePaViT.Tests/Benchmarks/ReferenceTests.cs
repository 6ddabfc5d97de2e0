using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Reference;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class ReferenceTests
{
    private static readonly EngineChoice Managed = new(EngineKind.Managed, DeviceKind.Cpu, Precision.Fp32);

    [TestMethod]
    public void Inference_is_that_of_the_deployed_network()
        => AssertMeasured(BenchmarkTask.Inference, ExportForm.Deployed);

    [TestMethod]
    public void Training_is_that_of_the_trained_network()
        => AssertMeasured(BenchmarkTask.Training, ExportForm.Trained);

    [TestMethod]
    [DataRow(224, 7)]
    [DataRow(448, 7)]
    [DataRow(64, 4)]
    [DataRow(32, 4)]
    public void Windows_cut_every_map_without_a_rest(int imageSize, int window)
    {
        Workload work = ReferenceCommand.CreateWorkload(BenchmarkTask.Training, "swin-tiny", 2, imageSize, Managed);

        Assert.AreEqual(window, ((SwinArchitecture)work.Architecture(ExportForm.Trained)).Window);
    }

    [TestMethod]
    public void The_median_turn_counts_and_calls_fill_a_turn()
    {
        var made = new List<int>();

        double[] seconds = Turns.MedianSeconds([calls => { made.Add(calls); Thread.Sleep(calls * 5); }], turns: 2, seconds: 0.02);

        CollectionAssert.AreEqual(new[] { 1, 1 }, made[..2]);
        Assert.HasCount(2 + Rate.WarmupRuns + 2, made);
        Assert.IsTrue(made.Skip(2).All(calls => calls == made[2] && calls is >= 1 and <= 4));
        Assert.IsTrue(seconds[0] >= 0.004);
    }

    [TestMethod]
    public void What_cannot_be_measured_is_refused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => ReferenceCommand.CreateWorkload(BenchmarkTask.Inference, "medium", 2, 16, Managed));
        Assert.ThrowsExactly<ArgumentException>(() => ReferenceCommand.CreateWorkload(BenchmarkTask.Inference, "tiny", 2, 17, Managed));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ReferenceCommand.CreateWorkload(BenchmarkTask.Inference, "tiny", 1, 16, Managed));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ReferenceCommand.CreateWorkload(BenchmarkTask.Inference, "tiny", 4097, 16, Managed));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Turns.MedianSeconds([_ => { }], turns: 0, seconds: 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Turns.MedianSeconds([_ => { }], turns: 1, seconds: 0));
    }

    [TestMethod]
    public void A_missing_interpreter_is_named()
    {
        Workload work = ReferenceCommand.CreateWorkload(BenchmarkTask.Inference, "tiny", 2, 16, Managed);

        var exception = Assert.ThrowsExactly<IOException>(() => new ReferenceProcess("no-such-python", "repository", work));
        StringAssert.Contains(exception.Message, "no-such-python");
    }

    private static void AssertMeasured(BenchmarkTask task, ExportForm idle)
    {
        Workload work = ReferenceCommand.CreateWorkload(task, "tiny", batch: 2, imageSize: 16, Managed);

        ReferenceReport report = ReferenceCommand.Run([work], turns: 1, seconds: 1e-3, startReference: null);

        Assert.AreEqual(idle, work.IdleForm);
        Assert.IsNull(work.Architecture(ExportForm.Vanilla).IdleRatio);
        Assert.AreEqual(0.5, work.Architecture(idle).IdleRatio);
        ReferenceRow row = report.Rows.Single();
        Assert.IsTrue(row.Ours.Vanilla > 0 && row.Ours.Idle > 0);
        Assert.AreEqual(row.Ours.Idle / row.Ours.Vanilla, row.Ours.Speedup);
        Assert.IsNull(row.Reference);
        Assert.IsNull(row.PaperSpeedup, "The paper measured other images.");
    }
}
