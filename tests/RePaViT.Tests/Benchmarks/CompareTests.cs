using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Comparison;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class CompareTests
{
    private static readonly MeasuringPlan Plan = new(Starts: 1, Rounds: 1, Seconds: 0.01);

    [TestMethod]
    [DataRow("--presets", "Tiny", "CLIP-B32", "--batches", "1", "8", "16", "--vanilla")]
    [DataRow("--idle-ratio", "0.5", "--threads", "4", "--starts", "1", "--rounds", "3", "--seconds", "0.5")]
    [DataRow("--peers", "folder", "--node", "program")]
    public void Options_are_understood(params string[] arguments)
        => Assert.IsEmpty(CompareCommand.Create().Parse(arguments).Errors);

    [TestMethod]
    public void What_is_not_valid_is_refused_before_anything_is_started()
    {
        using var folder = new TemporaryFolder();
        Refuse(() => Run(folder, presets: ["Gigantic"]), "Gigantic");
        Refuse(() => Run(folder, presets: []), "preset");
        Refuse(() => Run(folder, batches: [1, 0]), "0");
        Refuse(() => Run(folder, batches: [5000]), "5000");
        Refuse(() => Run(folder, idleRatio: 1.5), "1.5");
        Refuse(() => Run(folder, threads: 0), "0");
        Refuse(() => Run(folder, plan: Plan with { Starts = 0 }), "Starts");
        Refuse(() => Run(folder, plan: Plan with { Rounds = 0 }), "Rounds");
        Refuse(() => Run(folder, plan: Plan with { Seconds = double.NaN }), "Seconds");

        static void Refuse(Action run, string named) => StringAssert.Contains(Assert.Throws<ArgumentException>(run).Message, named);
    }

    [TestMethod]
    public void A_folder_without_the_script_is_refused()
    {
        using var folder = new TemporaryFolder();

        FileNotFoundException refusal = Assert.ThrowsExactly<FileNotFoundException>(() => Run(folder));

        StringAssert.Contains(refusal.Message, "--peers");
    }

    [TestMethod]
    public void A_peer_that_is_not_installed_is_refused_with_what_to_run()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("onnxruntime.mjs"), "");

        DirectoryNotFoundException refusal = Assert.ThrowsExactly<DirectoryNotFoundException>(() => Run(folder));

        StringAssert.Contains(refusal.Message, "npm install --ignore-scripts");
    }

    private static void Run(
        TemporaryFolder peers, string[]? presets = null, int[]? batches = null, double idleRatio = 0.75, int threads = 1,
        MeasuringPlan? plan = null)
        => CompareCommand.Run(
            presets ?? ["Tiny"], batches ?? [1], idleRatio, vanilla: false, threads, plan ?? Plan, peers.Path, "no-such-program");
}
