namespace RePaViT.Cluster.Tests;

[TestClass]
public sealed class OptionTests
{
    private static readonly ScoringJob _job = new() { ImageList = Path.GetFullPath("list.txt"), OutputFolder = Path.GetFullPath("results") };
    private static readonly ScoringSiloOptions _options = new() { Decoder = (_, _) => default };

    [TestMethod]
    public void A_job_is_refused_with_the_name_of_what_is_wrong()
    {
        _job.Validate();
        AssertRefused("ImageList", () => (_job with { ImageList = "list.txt" }).Validate());
        AssertRefused("ImageList", () => (_job with { ImageList = "" }).Validate());
        AssertRefused("OutputFolder", () => (_job with { OutputFolder = "results" }).Validate());
        AssertRefused("ImagesPerPart 0", () => (_job with { ImagesPerPart = 0 }).Validate());
        AssertRefused("ImagesPerPart 1000001", () => (_job with { ImagesPerPart = 1_000_001 }).Validate());
        AssertRefused("MaxAttempts 0", () => (_job with { MaxAttempts = 0 }).Validate());
    }

    [TestMethod]
    public void Options_of_a_silo_are_refused_with_the_name_of_what_is_wrong()
    {
        _options.Validate();
        AssertRefused("Decoder", () => (_options with { Decoder = null! }).Validate());
        AssertRefused("PartsInFlight 0", () => (_options with { PartsInFlight = 0 }).Validate());
        AssertRefused("MaxBatchSize 4097", () => (_options with { MaxBatchSize = 4097 }).Validate());
        AssertRefused("MaxImageBytes 0", () => (_options with { MaxImageBytes = 0 }).Validate());
        AssertRefused("PollInterval 00:00:00", () => (_options with { PollInterval = TimeSpan.Zero }).Validate());
    }

    private static void AssertRefused(string what, Action act)
        => StringAssert.Contains(Assert.Throws<ArgumentException>(act).Message, what);
}
