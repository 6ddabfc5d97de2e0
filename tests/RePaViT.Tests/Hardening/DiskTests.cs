using System.Security.Cryptography;
using RePaViT.Conversion;
using RePaViT.Operators;
using RePaViT.Tests.Reports;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Tests.Transfer;
using RePaViT.Transfer;

namespace RePaViT.Tests.Hardening;

/// <summary>Disks that are full or read-only, and folders that go away: what was there stays, what was learned is not lost.</summary>
[TestClass]
public sealed class DiskTests
{
    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(21, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(9, seed: 2);

    private static readonly RePaViTModel Model = new(
        TrainingRun.Mixer, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Mixer, seed: 1).Weights, Training.ClassNames);

    private static IEnumerable<object[]> Writers =>
    [
        ["model.onnx", (Action<string>)Model.Save],
        ["weights.safetensors", (Action<string>)(path => Safetensors.Write(path, Model.Weights))],
        ["labels.safetensors", (Action<string>)(path => TokenLabelFile.Write(path, Model, Training))],
        ["report.html", (Action<string>)(path => new ReportFile(path).Write(ReportPageTests.Report(["a", "b", "c"], [])))],
        ["features.safetensors", (Action<string>)(path =>
        {
            var store = new FeatureStore(path, "origin", 4);
            store.Add($"{Guid.NewGuid()}", new float[8000]);
            store.Write();
        })],
    ];

    [TestMethod]
    [DynamicData(nameof(Writers))]
    public void A_full_disk_costs_nothing_that_was_there(string name, Action<string> write)
    {
        using var disk = new SmallDisk();
        write(disk.File(name));
        string?[] names = [.. disk.FileNames];
        byte[][] before = [.. names.Select(file => File.ReadAllBytes(disk.File(file!)))];
        disk.Fill();

        var exception = Assert.ThrowsExactly<IOException>(() => write(disk.File(name)));

        StringAssert.Contains(exception.Message, $"'{disk.File(Path.GetFileNameWithoutExtension(name))}", StringComparison.Ordinal);
        Assert.Contains("cannot be written and keeps what it held: No space left", exception.Message);
        CollectionAssert.AreEquivalent(names, disk.FileNames.ToArray());
        Assert.IsTrue(names.Zip(before).All(file => File.ReadAllBytes(disk.File(file.First!)).AsSpan().SequenceEqual(file.Second)));
        disk.MakeRoom();
        write(disk.File(name));
    }

    [TestMethod]
    [DynamicData(nameof(Writers))]
    public void A_read_only_disk_is_named(string name, Action<string> write)
    {
        using var disk = new SmallDisk();
        write(disk.File(name));
        disk.MakeReadOnly();

        var exception = Assert.Throws<SystemException>(() => write(disk.File(name)));

        Assert.IsTrue(exception is IOException or UnauthorizedAccessException, $"{exception}");
        StringAssert.Contains(exception.Message, $"'{disk.File(Path.GetFileNameWithoutExtension(name))}", StringComparison.Ordinal);
        Assert.Contains("cannot be written", exception.Message);
        disk.MakeWritable();
        write(disk.File(name));
    }

    [TestMethod]
    public void A_run_whose_disk_becomes_full_goes_on_and_can_be_resumed_from_what_was_there()
    {
        TrainingResult expected = TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training, Validation);
        using var disk = new SmallDisk();
        string path = disk.File("run.safetensors");
        byte[] before = [];
        var backend = new SoftmaxBackend
        {
            OnCall = call =>
            {
                if (call == 5)
                {
                    before = File.ReadAllBytes(path);
                    disk.Fill();
                }
            },
        };

        TrainingResult actual = TrainingRun.Trainer(backend, checkpoint: path, everySteps: 1).Fit(Training, Validation);

        TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), "weights");
        StringAssert.Contains(actual.CheckpointFailure, path);
        TrainingRun.AssertSameBytes(before, File.ReadAllBytes(path), "checkpoint");
        disk.MakeRoom();
        TrainingResult resumed = TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Training, Validation);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(resumed.Model.Weights), "resumed");
        CollectionAssert.AreEqual(new[] { "run.safetensors" }, disk.FileNames.ToArray());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_run_is_refused_before_its_first_step_and_begins_as_soon_as_there_is_room(bool isFull)
    {
        using var disk = new SmallDisk();
        string path = disk.File("run.safetensors");

        // As a run that was killed leaves it: nobody keeps the path.
        File.WriteAllText($"{path}.repavit-lock", "");
        (isFull ? (Action)disk.Fill : disk.MakeReadOnly)();
        var backend = new SoftmaxBackend();
        for (int attempt = 0; attempt < 2; attempt++)
        {
            var exception = Assert.ThrowsExactly<IOException>(() => TrainingRun.Trainer(backend, checkpoint: path).Fit(Training));
            StringAssert.Contains(exception.Message, path);
            Assert.DoesNotContain("in use", exception.Message);
        }

        Assert.AreEqual(0, backend.Calls);
        disk.MakeWritable();
        disk.MakeRoom();
        Assert.IsNull(TrainingRun.Trainer(backend, checkpoint: path).Fit(Training).CheckpointFailure);
        CollectionAssert.AreEqual(new[] { "run.safetensors" }, disk.FileNames.ToArray());
    }

    [TestMethod]
    public void A_full_folder_for_temporary_files_is_named_with_the_variable_that_chooses_another()
    {
        using var disk = new SmallDisk();
        string? usual = Environment.GetEnvironmentVariable("TMPDIR");
        Environment.SetEnvironmentVariable("TMPDIR", disk.Path);
        try
        {
            var exception = Assert.ThrowsExactly<IOException>(() => new RowStore(images: 100, new Shape(1000, 100), maxInMemory: 0).Dispose());
            StringAssert.Contains(exception.Message, $"'{disk.Path}/' cannot hold 40000000 bytes for a while: ", StringComparison.Ordinal);
            StringAssert.Contains(exception.Message, "TMPDIR", StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("TMPDIR", usual);
        }

        Assert.AreEqual(0, disk.FileNames.Count());
    }

    [TestMethod]
    public void A_download_that_a_disk_cannot_hold_is_not_begun_again_and_leaves_nothing()
    {
        using var disk = new SmallDisk();
        byte[] content = new byte[2 << 20];
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", content));
        var source = PretrainedSource.FromUri(server.Uri("vit.safetensors"), Convert.ToHexString(SHA256.HashData(content)), disk.Path);

        var exception = Assert.ThrowsExactly<IOException>(() => RePaViTModel.LoadPretrained(source));

        Assert.Contains("could not be downloaded", exception.Message);
        Assert.Contains($"'{disk.File("vit-")}", exception.Message);
        Assert.Contains("cannot be written and keeps what it held: No space left", exception.Message);
        Assert.HasCount(1, server.Requests);
        Assert.AreEqual(0, disk.FileNames.Count());
    }

    [TestMethod]
    public void A_checkpoint_below_a_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "mine");
        string path = folder.File("file/run.safetensors");
        Assert.Contains(path, Assert.Throws<ArgumentException>(() => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path)).Message);
        Assert.Contains(path, Assert.Throws<IOException>(() => Model.Save(path)).Message);
        Assert.AreEqual("mine", File.ReadAllText(folder.File("file")));
    }

    [TestMethod]
    [DataRow(true, TransferMethod.Linear)]
    [DataRow(false, TransferMethod.Linear)]
    [DataRow(false, TransferMethod.FineTune)]
    public void Transfer_learning_goes_on_where_its_features_cannot_be_kept(bool isFull, TransferMethod method)
    {
        InMemoryImageDataset images = TrainingRun.Dataset(150, seed: 4, classes: 4);
        RePaViTModel pretrained = TransferLearningTests.Pretrained(TrainingRun.Architecture);
        var options = new TransferOptions { Method = method, Recipe = TrainingRecipe.FineTune with { Epochs = 1, BatchSize = 16 } };
        byte[] expected = TransferLearningTests.Saved(new TransferLearning(pretrained, options).Fit(images).Model);
        using var disk = new SmallDisk();
        string folder = Directory.CreateDirectory(disk.File("features")).FullName;

        TransferResult result = new TransferLearning(pretrained, options with { CheckpointFolder = folder })
            .Fit(images, progress: new FirstReport(() => (isFull ? (Action)disk.Fill : () => Directory.Delete(folder, recursive: true))()));

        TrainingRun.AssertSameBytes(expected, TransferLearningTests.Saved(result.Model), "model");
        StringAssert.Contains(result.CheckpointFailure, folder);
    }

    private sealed class FirstReport(Action action) : IProgress<TransferProgress>
    {
        private bool _came;

        public void Report(TransferProgress value)
        {
            if (!_came)
            {
                _came = true;
                action();
            }
        }
    }
}
