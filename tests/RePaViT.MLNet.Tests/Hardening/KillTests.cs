using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Hardening;

/// <summary>Programs that are killed while they save a model of ML.NET.</summary>
[TestClass]
public sealed class KillTests
{
    private const int Kills = 6;
    private const int LongestLife = 250;

    [TestMethod]
    public void A_model_that_is_being_saved_when_the_process_is_killed_is_the_old_or_the_new_one()
    {
        using var folder = new TemporaryFolder();
        using var temporary = new TemporaryFolder();
        string path = folder.File("model.zip");
        var random = new Random(1);
        (int halfWritten, int mostTemporary) = (0, 0);
        for (int kill = 1; kill <= Kills; kill++)
        {
            using var child = new ChildProcess(AtomicSavingChild.Command, temporary.Path, path);
            child.WaitForLine(AtomicSavingChild.Started);
            Thread.Sleep(random.Next(LongestLife));
            child.Kill();
            halfWritten += folder.FileNames.Count() - 1;
            mostTemporary = Math.Max(mostTemporary, temporary.FileNames.Count(name => name!.StartsWith("RePaViT-", StringComparison.Ordinal)));
            Assert.IsGreaterThanOrEqualTo(0, AtomicSavingChild.Load(path), $"kill {kill}");
            Assert.IsLessThanOrEqualTo(2, folder.FileNames.Count(), $"kill {kill}");
        }

        AtomicSavingChild.Save(1, path);
        Assert.AreEqual(1, AtomicSavingChild.Load(path));
        CollectionAssert.AreEqual(new[] { "model.zip" }, folder.FileNames.ToArray());
        Console.WriteLine($"{Kills} kills: in saving models of ML.NET; {halfWritten} found a file half-written, and {mostTemporary} temporary folders at most were left.");
        Assert.IsLessThanOrEqualTo(1, mostTemporary);
    }
}
