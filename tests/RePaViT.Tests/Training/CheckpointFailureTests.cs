using System.Globalization;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Training;

/// <summary>Checkpoints that cannot be written, and those that somebody else writes.</summary>
[TestClass]
public sealed class CheckpointFailureTests
{
    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(21, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(9, seed: 2);

    [TestMethod]
    public void A_run_whose_checkpoint_cannot_be_written_goes_on_and_says_so()
    {
        TrainingResult expected = TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training, Validation);
        foreach (bool isBack in new[] { false, true })
        {
            using var folder = new TemporaryFolder();
            string path = folder.File("gone/run.safetensors");
            Directory.CreateDirectory(folder.File("gone"));
            var backend = new SoftmaxBackend { OnCall = call => Change(call, folder.File("gone"), isBack) };
            var reports = new List<TrainingProgress>();

            TrainingResult actual = TrainingRun.Trainer(backend, checkpoint: path, everySteps: 1)
                .Fit(Training, Validation, new Collector(reports));

            TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), "weights");
            Assert.IsTrue(reports.Any(report => report.CheckpointFailure?.Contains(path, StringComparison.Ordinal) == true));
            if (isBack)
            {
                Assert.IsNull(actual.CheckpointFailure);
                TrainingResult resumed = TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path, everySteps: 1).Resume(Training, Validation);
                TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(resumed.Model.Weights), "resumed");
            }
            else
            {
                StringAssert.Contains(actual.CheckpointFailure, path);
                Assert.AreEqual(0, Directory.GetFileSystemEntries(folder.Path).Length);
            }
        }

        // The folder goes in the first epoch, and comes back in the second.
        static void Change(int call, string folder, bool isBack)
        {
            if (call == 3)
            {
                Directory.Delete(folder, recursive: true);
            }
            else if (call == 14 && isBack)
            {
                Directory.CreateDirectory(folder);
            }
        }
    }

    [TestMethod]
    public void What_was_learned_comes_back_also_when_a_cancelled_run_cannot_be_written()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("gone/run.safetensors");
        Directory.CreateDirectory(folder.File("gone"));
        using var cancellation = new CancellationTokenSource();
        var backend = new SoftmaxBackend
        {
            OnCall = call =>
            {
                if (call == 12)
                {
                    // What stands in its place is no folder.
                    Directory.Delete(folder.File("gone"), recursive: true);
                    File.WriteAllText(folder.File("gone"), "mine");
                    cancellation.Cancel();
                }
            },
        };

        TrainingResult result = TrainingRun.Trainer(backend, checkpoint: path).Fit(Training, Validation, cancellationToken: cancellation.Token);

        Assert.IsTrue(result.IsCancelled);
        StringAssert.Contains(result.CheckpointFailure, path);
        Assert.AreEqual("mine", File.ReadAllText(folder.File("gone")));
    }

    [TestMethod]
    public void A_second_run_on_one_checkpoint_is_refused_and_the_first_goes_on()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        IOException? refusal = null;
        var backend = new SoftmaxBackend
        {
            OnCall = call =>
            {
                if (call == 5)
                {
                    byte[] before = File.ReadAllBytes(path);
                    refusal = Assert.ThrowsExactly<IOException>(() => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Training));
                    Assert.ThrowsExactly<IOException>(() => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Training, Validation));
                    TrainingRun.AssertSameBytes(before, File.ReadAllBytes(path), "checkpoint");
                }
            },
        };

        TrainingResult result = TrainingRun.Trainer(backend, checkpoint: path).Fit(Training, Validation);

        StringAssert.Contains(refusal?.Message, path);
        StringAssert.Contains(refusal?.Message, $"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
        Assert.IsNull(result.CheckpointFailure);
        CollectionAssert.AreEqual(new[] { "run.safetensors" }, folder.FileNames.ToArray());
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Training, Validation);
    }

    [TestMethod]
    public void A_run_in_another_process_is_named_and_a_killed_one_keeps_nothing()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        using (var child = new ChildProcess(TrainingChild.Arguments(path, folder.File("weights"), threads: 1)))
        {
            child.WaitForLine(TrainingChild.Started);
            SpinWait.SpinUntil(() => File.Exists(path), TimeSpan.FromSeconds(30));
            var refusal = Assert.ThrowsExactly<IOException>(() => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Training));
            StringAssert.Contains(refusal.Message, "process ");
            Assert.IsFalse(refusal.Message.Contains($"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)} ", StringComparison.Ordinal));
            child.Kill();
        }

        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Training);
        CollectionAssert.AreEqual(new[] { "run.safetensors" }, folder.FileNames.ToArray());
    }

    private sealed class Collector(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }
}
