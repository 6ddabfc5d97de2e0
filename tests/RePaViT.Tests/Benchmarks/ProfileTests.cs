using RePaViT.Benchmarks;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class ProfileTests
{
    private static readonly ViTArchitecture Architecture = new()
    {
        ImageSize = 16, PatchSize = 4, Dim = 48, Depth = 3, Heads = 3, Classes = 7, IdleRatio = 0.75,
    };

    [TestMethod]
    [DataRow(nameof(ExportForm.Deployed))]
    [DataRow(nameof(ExportForm.Vanilla))]
    public void Parts_have_names_times_and_the_work_of_the_architecture(string formName)
    {
        ExportForm form = Enum.Parse<ExportForm>(formName);
        ViTArchitecture architecture = form == ExportForm.Vanilla ? Architecture with { IdleRatio = null } : Architecture;
        ProfileReport report = ProfileCommand.Run(architecture, form, batch: 2, threads: 2, turns: 1, seconds: 0.001);
        Assert.IsTrue(report.ImagesPerSecond > 0);
        Assert.IsTrue(report.Parts.All(part => part.Milliseconds > 0 && part.Share > 0));
        Assert.AreEqual(report.Parts.Count, report.Parts.Select(part => part.Name).Distinct().Count());

        // The last block's class tokens are left out; everything else is counted once.
        double work = report.Parts.Sum(part => (part.Gflops ?? 0) * part.Milliseconds * 1e6 / 2);
        NetworkForm networkForm = form == ExportForm.Vanilla ? NetworkForm.Trained : NetworkForm.Deployed;
        double all = 2.0 * architecture.Cost(networkForm).MultiplyAdds;
        Assert.IsTrue(work < all && work > 0.6 * all, $"{work} of {all}");
    }

    [TestMethod]
    public void What_has_no_profile_is_refused()
    {
        Refuse(() => ProfileCommand.Run(Architecture, ExportForm.Deployed, 0, 1, 1, 0.001), "0");
        Refuse(() => ProfileCommand.Run(Architecture, ExportForm.Deployed, 1, 0, 1, 0.001), "0");

        static void Refuse(Action run, string named) => StringAssert.Contains(Assert.Throws<ArgumentException>(run).Message, named);
    }
}
