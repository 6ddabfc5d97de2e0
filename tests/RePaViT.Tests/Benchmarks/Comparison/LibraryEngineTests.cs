using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Comparison;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Benchmarks.Comparison;

[TestClass]
public sealed class LibraryEngineTests
{
    private static readonly ViTArchitecture Small = new()
    {
        ImageSize = 16, PatchSize = 8, Dim = 12, Depth = 2, Heads = 3, Classes = 4, IdleRatio = 0.5,
    };

    [TestMethod]
    public void The_library_compared_with_itself_is_the_same()
    {
        using var folder = new TemporaryFolder();
        string file = Export(folder);

        ComparedModel result = SideBySide.Measure("Small", 3, Start, Start, new MeasuringPlan(Starts: 1, Rounds: 1, Seconds: 0.01));

        Assert.AreEqual(0.0, result.LogitDifference);
        StringAssert.StartsWith(result.Ours.Engine, "RePaViT");
        Assert.AreEqual(result.Ours.ImagesPerSecond / result.Peer.ImagesPerSecond, result.Ratio);

        EngineProcess Start() => EngineProcess.Start(
            "RePaViT", "dotnet", [typeof(LibraryEngine).Assembly.Location, LibraryEngine.Verb, file, "--threads", "1", "--batch", "3"]);
    }

    [TestMethod]
    public void Logits_are_those_of_every_image_of_the_batch()
    {
        using var folder = new TemporaryFolder();
        using var requests = new StringReader("0.001");
        using var answers = new StringWriter();

        LibraryEngine.Run(Export(folder), threads: 1, batch: 2, requests, answers);

        string[] lines = answers.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(2, lines);
        float[] logits = Report.FromJson<FirstPrediction>(lines[0])!.Logits;
        Assert.HasCount(2 * Small.Classes, logits);
        Assert.IsTrue(logits.All(float.IsFinite));
        CollectionAssert.AreNotEqual(logits[..Small.Classes], logits[Small.Classes..], "both images are the same");
        Assert.IsTrue(Report.FromJson<Round>(lines[1])!.ImagesPerSecond > 0);
    }

    [TestMethod]
    public void A_request_that_is_no_time_is_refused()
    {
        using var folder = new TemporaryFolder();
        string file = Export(folder);
        using var requests = new StringReader("soon");

        InvalidDataException refusal = Assert.ThrowsExactly<InvalidDataException>(
            () => LibraryEngine.Run(file, threads: 1, batch: 1, requests, TextWriter.Null));

        StringAssert.Contains(refusal.Message, "'soon'");
    }

    private static string Export(TemporaryFolder folder)
    {
        string file = folder.File("model.onnx");
        ExportCommand.Run(Small, ExportForm.Deployed, file, weightsFile: null);
        return file;
    }
}
