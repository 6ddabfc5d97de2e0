using RePaViT.Benchmarks.Comparison;

namespace RePaViT.Tests.Benchmarks.Comparison;

[TestClass]
public sealed class SideBySideTests
{
    private static readonly MeasuringPlan Plan = new(Starts: 2, Rounds: 2, Seconds: 0.5);

    [TestMethod]
    public void Medians_of_all_rounds_but_the_warm_ups_are_compared()
    {
        using var ours = new Script(
            First("ours", seconds: 3, "1, 2"), Round(1000, 5), Round(10, 6), Round(20, 7),
            First("ours", seconds: 5, "1, 2"), Round(1000, 5), Round(30, 6), Round(400, 6));
        using var peer = new Script(
            First("peer", seconds: 1, "1, 2.0005"), Round(1, 1), Round(10, 1), Round(10, 1),
            First("peer", seconds: 1, "1, 2"), Round(1, 1), Round(10, 1), Round(10, 9));

        ComparedModel result = SideBySide.Measure("Tiny", 8, ours.Start, peer.Start, Plan);

        Assert.AreEqual(new EngineSpeed("ours", 25, 4, 7), result.Ours);
        Assert.AreEqual(new EngineSpeed("peer", 10, 1, 9), result.Peer);
        Assert.AreEqual(2.5, result.Ratio);
        Assert.IsTrue(Math.Abs(result.LogitDifference - 0.0005) <= 1e-6);
        CollectionAssert.AreEqual(Enumerable.Repeat("0.5", 6).ToList(), ours.Requests);
        CollectionAssert.AreEqual(ours.Requests, peer.Requests);
    }

    [TestMethod]
    public void A_vanilla_network_is_measured_in_the_same_turns_and_computes_something_else()
    {
        using var ours = new Script(First("ours", seconds: 1, "1, 2"), Round(1000, 5), Round(30, 6));
        using var peer = new Script(First("peer", seconds: 1, "1, 2"), Round(1, 1), Round(10, 1));
        using var vanilla = new Script(First("ours", seconds: 2, "7, 8"), Round(1, 1), Round(20, 8));

        ComparedModel result = SideBySide.Measure("Tiny", 8, ours.Start, peer.Start, Plan with { Starts = 1, Rounds = 1 }, vanilla.Start);

        Assert.AreEqual(new EngineSpeed("ours", 20, 2, 8), result.Vanilla);
        Assert.AreEqual(1.5, result.Speedup);
        Assert.AreEqual(3, result.Ratio);
    }

    [TestMethod]
    [DataRow("1, 2.002", "2.0e-3")]
    [DataRow("1, \"NaN\"", "NaN")]
    [DataRow("1", "2 logits")]
    public void Engines_that_do_not_agree_are_not_compared(string logits, string named)
    {
        using var ours = new Script(First("ours", seconds: 1, "1, 2"));
        using var peer = new Script(First("peer", seconds: 1, logits));

        InvalidDataException refusal = Assert.ThrowsExactly<InvalidDataException>(
            () => SideBySide.Measure("Tiny", 8, ours.Start, peer.Start, Plan));

        StringAssert.Contains(refusal.Message, named);
        StringAssert.Contains(refusal.Message, "Tiny, batch 8");
        Assert.IsEmpty(peer.Requests);
    }

    private static string First(string engine, double seconds, string logits)
        => $$"""{"engine": "{{engine}}", "seconds": {{seconds}}, "logits": [{{logits}}]}""";

    private static string Round(double imagesPerSecond, double peakMegabytes)
        => $$"""{"images_per_second": {{imagesPerSecond}}, "peak_megabytes": {{peakMegabytes}}}""";

    /// <summary>An engine that says what is written here, start after start.</summary>
    private sealed class Script(params string[] answers) : IDisposable
    {
        private readonly StringReader _answers = new(string.Join('\n', answers));
        private readonly StringWriter _requests = new();

        public List<string> Requests
            => [.. _requests.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)];

        public EngineProcess Start() => new("engine", _answers, _requests);

        public void Dispose()
        {
            _answers.Dispose();
            _requests.Dispose();
        }
    }
}
