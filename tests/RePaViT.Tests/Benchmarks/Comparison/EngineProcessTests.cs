using RePaViT.Benchmarks.Comparison;

namespace RePaViT.Tests.Benchmarks.Comparison;

[TestClass]
public sealed class EngineProcessTests
{
    private const string First = """{"engine": "x 1", "seconds": 0.5, "logits": [1, 2]}""";

    [TestMethod]
    [DataRow("Segmentation fault")]
    [DataRow("")]
    [DataRow("null")]
    [DataRow("[]")]
    [DataRow("{}")]
    [DataRow("""{"engine": "x 1", "seconds": 0.5}""")]
    [DataRow("""{"engine": "x 1", "seconds": "NaN", "logits": [1]}""")]
    public void A_first_answer_that_is_none_is_refused(string answer)
    {
        InvalidDataException refusal = Assert.ThrowsExactly<InvalidDataException>(() => Open(answer + '\n'));

        StringAssert.Contains(refusal.Message, $"peer answered '{answer}'");
    }

    [TestMethod]
    [DataRow("Segmentation fault")]
    [DataRow("""{"images_per_second": 0, "peak_megabytes": 1}""")]
    [DataRow("""{"images_per_second": "NaN", "peak_megabytes": 1}""")]
    [DataRow(First)]
    public void A_round_that_is_none_is_refused(string answer)
    {
        using EngineProcess engine = Open($"{First}\n{answer}\n");

        Assert.ThrowsExactly<InvalidDataException>(() => engine.Run(1));
    }

    [TestMethod]
    public void An_engine_that_ends_early_is_reported()
    {
        Assert.ThrowsExactly<IOException>(() => Open(""));
        using EngineProcess engine = Open(First);
        IOException failure = Assert.ThrowsExactly<IOException>(() => engine.Run(1));
        StringAssert.Contains(failure.Message, "peer ended");
    }

    [TestMethod]
    public void A_program_that_fails_is_reported()
    {
        IOException failure = Assert.ThrowsExactly<IOException>(() => EngineProcess.Start(
            "peer", "dotnet", [typeof(LibraryEngine).Assembly.Location, LibraryEngine.Verb, "no-such-file.onnx"]));
        StringAssert.Contains(failure.Message, "peer ended");
    }

    [TestMethod]
    public void A_program_that_is_not_there_is_named()
    {
        IOException failure = Assert.ThrowsExactly<IOException>(() => EngineProcess.Start("peer", "no-such-program", []));
        StringAssert.Contains(failure.Message, "'no-such-program'");
    }

    private static EngineProcess Open(string answers) => new("peer", new StringReader(answers), new StringWriter());
}
