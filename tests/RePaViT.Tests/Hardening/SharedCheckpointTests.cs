using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Hardening;

/// <summary>Several runs on one checkpoint that begin at the same moment: all but one are refused, or come when it has ended.</summary>
[TestClass]
public sealed class SharedCheckpointTests
{
    [TestMethod]
    public void Trainers_of_one_process_are_refused_or_end_as_if_alone()
    {
        const int Rounds = 40;
        const int Trainers = 8;
        using var folder = new TemporaryFolder();
        InMemoryImageDataset training = TrainingRun.Dataset(21, seed: 1);
        InMemoryImageDataset validation = TrainingRun.Dataset(9, seed: 2);
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: folder.File("alone")).Fit(training, validation);
        byte[] expected = File.ReadAllBytes(folder.File("alone"));
        string path = folder.File("shared");
        (int ended, int refused) = (0, 0);
        Exception? failure = null;
        for (int round = 0; round < Rounds; round++)
        {
            using var barrier = new Barrier(Trainers);
            int before = ended;
            Thread[] threads = [.. Enumerable.Range(0, Trainers).Select(_ => new Thread(() =>
            {
                barrier.SignalAndWait();
                try
                {
                    TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path, everySteps: 1).Fit(training, validation);
                    Interlocked.Increment(ref ended);
                }
                catch (IOException exception) when (exception.Message.Contains($"'{path}' is in use by", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref refused);
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.IsNull(failure);
            Assert.IsGreaterThan(before, ended, "one of them");
            TrainingRun.AssertSameBytes(expected, File.ReadAllBytes(path), $"checkpoint of round {round}");
            CollectionAssert.AreEquivalent(new[] { "alone", "shared" }, folder.FileNames.ToArray());
        }

        Console.WriteLine($"{Rounds * Trainers} trainers on one checkpoint, {Trainers} at once: {ended} ended, {refused} were refused.");
        Assert.AreEqual(Rounds * Trainers, ended + refused);
        Assert.IsGreaterThan(0, refused);
    }

    [TestMethod]
    public void Of_two_processes_one_is_refused_and_told_what_to_do()
    {
        const int Rounds = 3;
        using var folder = new TemporaryFolder();
        byte[]? expected = null;
        for (int round = 0; round < Rounds; round++)
        {
            string path = folder.File($"{round}");
            string[] arguments = TrainingChild.Arguments(path, folder.File("weights"), threads: 1);
            using var one = new ChildProcess(arguments);
            using var other = new ChildProcess(arguments);
            string[] errors = [one.WaitForEnd(), other.WaitForEnd()];
            string error = errors.Single(text => text.Length > 0);
            StringAssert.Contains(error, $"'{path}' is in use by process ", StringComparison.Ordinal);
            StringAssert.Contains(error, "Wait until it ends, or use another path.", StringComparison.Ordinal);
            byte[] checkpoint = File.ReadAllBytes(path);
            TrainingRun.AssertSameBytes(expected ??= checkpoint, checkpoint, $"checkpoint of round {round}");
        }

        Console.WriteLine($"{Rounds} pairs of processes on one checkpoint: each time one ended, and the other was refused.");
    }
}
