using System.Diagnostics;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Hardening;

/// <summary>Processes that are killed at any moment: nothing is lost but the time since the last step, and nothing is left behind.</summary>
[TestClass]
public sealed class KillTests
{
    private const string Checkpoint = "checkpoint";
    private const string Weights = "weights";
    private const string HalfWritten = "*.partial";
    private const int InTraining = 23;
    private const int InSaving = 17;
    private const int LongestLife = 300;

    // What keeps a checkpoint, who that is, and the file that is being written.
    private const int MostBeside = 3;

    [TestMethod]
    public void Runs_that_are_killed_again_and_again_end_with_the_same_bytes_on_any_number_of_threads()
    {
        using var folder = new TemporaryFolder();
        (byte[] expectedCheckpoint, byte[] expectedWeights) = Finish(Directory.CreateDirectory(folder.File("whole")).FullName, threads: 1);
        var random = new Random(1);
        (int kills, int runs, int halfWritten) = (0, 0, 0);
        while (kills < InTraining)
        {
            string run = Directory.CreateDirectory(folder.File($"{++runs}")).FullName;
            string checkpoint = Path.Combine(run, Checkpoint);

            // All lives together are shorter than the run, with some room for a machine that is busy.
            double left = 0.6 * TrainingChild.LeastMilliseconds;
            while (kills < InTraining && left > 0)
            {
                using var child = new ChildProcess(Arguments(run, threads: 2));
                child.WaitForLine(TrainingChild.Started);
                var life = Stopwatch.StartNew();
                Thread.Sleep(random.Next(LongestLife));
                if (kills % 2 == 0)
                {
                    // Every other kill is to find a checkpoint that is being written, which takes a hundredth of the time.
                    SpinWait.SpinUntil(() => Directory.GetFiles(run, HalfWritten).Length > 0, TimeSpan.FromMilliseconds(LongestLife / 2));
                }

                child.Kill();
                left -= life.Elapsed.TotalMilliseconds;
                kills++;
                halfWritten += Directory.GetFiles(run, HalfWritten).Length;
                Assert.IsLessThanOrEqualTo(1 + MostBeside, Directory.GetFileSystemEntries(run).Length, $"kill {kills}");
                if (File.Exists(checkpoint))
                {
                    RePaViT.Training.Checkpoint.Read(checkpoint);
                }
            }

            (byte[] actualCheckpoint, byte[] actualWeights) = Finish(run, threads: 2);
            TrainingRun.AssertSameBytes(expectedWeights, actualWeights, $"weights of run {runs}, after {kills} kills");
            TrainingRun.AssertSameBytes(expectedCheckpoint, actualCheckpoint, $"checkpoint of run {runs}, after {kills} kills");
        }

        Console.WriteLine($"{kills} of {InTraining + InSaving} kills: in training, of {runs} runs; {halfWritten} found a checkpoint half-written.");
    }

    [TestMethod]
    public void Files_that_are_being_saved_when_the_process_is_killed_are_the_old_or_the_new_ones()
    {
        using var folder = new TemporaryFolder();
        byte[][][] expected = [.. new[] { 1, 2 }.Select(number =>
        {
            string whole = Directory.CreateDirectory(folder.File($"{number}")).FullName;
            SavingChild.Save(SavingChild.Model(number), whole);
            return SavingChild.FileNames.Select(name => File.ReadAllBytes(Path.Combine(whole, name))).ToArray();
        })];
        string saved = Directory.CreateDirectory(folder.File("saved")).FullName;
        var random = new Random(1);
        int halfWritten = 0;
        for (int kill = 1; kill <= InSaving; kill++)
        {
            using var child = new ChildProcess(SavingChild.Command, saved);
            child.WaitForLine(SavingChild.Started);
            Thread.Sleep(random.Next(LongestLife));
            child.Kill();
            string[] left = Directory.GetFiles(saved, HalfWritten);
            halfWritten += left.Length;
            Assert.IsLessThanOrEqualTo(1, left.Length, $"kill {kill}");
            for (int i = 0; i < SavingChild.FileNames.Count; i++)
            {
                byte[] found = File.ReadAllBytes(Path.Combine(saved, SavingChild.FileNames[i]));
                Assert.IsTrue(expected.Any(model => found.AsSpan().SequenceEqual(model[i])), $"{SavingChild.FileNames[i]} after kill {kill}");
            }
        }

        SavingChild.Save(SavingChild.Model(1), saved);
        CollectionAssert.AreEquivalent(SavingChild.FileNames.ToArray(), Directory.GetFileSystemEntries(saved).Select(Path.GetFileName).ToArray());
        Console.WriteLine($"{InSaving} of {InTraining + InSaving} kills: in saving; {halfWritten} found a file half-written.");
    }

    private static string[] Arguments(string folder, int threads)
        => TrainingChild.Arguments(Path.Combine(folder, Checkpoint), Path.Combine(folder, Weights), threads);

    /// <summary>Begins a run or goes on with it, to its end. Nothing but its files may be there then.</summary>
    private static (byte[] Checkpoint, byte[] Weights) Finish(string folder, int threads)
    {
        using var child = new ChildProcess(Arguments(folder, threads));
        child.WaitForSuccess();
        CollectionAssert.AreEquivalent(new[] { Checkpoint, Weights }, Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).ToArray());
        return (File.ReadAllBytes(Path.Combine(folder, Checkpoint)), File.ReadAllBytes(Path.Combine(folder, Weights)));
    }
}
