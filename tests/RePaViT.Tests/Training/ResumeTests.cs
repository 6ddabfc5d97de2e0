using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class ResumeTests
{
    // 27 images make 6 batches of 4, so 3 steps of 2 batches; with 5 batches the last step has only one.
    [TestMethod]
    [DataRow(27, OptimizerKind.AdamW, true)]
    [DataRow(21, OptimizerKind.Lamb, true)]
    [DataRow(21, OptimizerKind.AdamW, false)]
    public void A_run_killed_at_any_call_and_resumed_ends_with_the_same_bytes(
        int images, OptimizerKind optimizer, bool validate)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        TrainingRecipe recipe = TrainingRun.Recipe with { Optimizer = optimizer };
        InMemoryImageDataset training = TrainingRun.Dataset(images, seed: 1);
        InMemoryImageDataset? validation = validate ? TrainingRun.Dataset(9, seed: 2) : null;

        var whole = new SoftmaxBackend();
        TrainingResult expected = TrainingRun.Trainer(whole, recipe, path, everySteps: 2).Fit(training, validation);
        byte[] expectedCheckpoint = File.ReadAllBytes(path);

        for (int call = 1; call <= whole.Calls; call++)
        {
            int last = call;
            var killed = new SoftmaxBackend { OnCall = number => ThrowWhen(number == last) };
            Assert.ThrowsExactly<KilledException>(
                () => TrainingRun.Trainer(killed, recipe, path, everySteps: 2).Fit(training, validation));

            TrainingResult actual =
                TrainingRun.Trainer(new SoftmaxBackend(), recipe, path, everySteps: 2).Resume(training, validation);
            AssertSame(expected, actual, $"killed at call {call}");
            TrainingRun.AssertSameBytes(expectedCheckpoint, File.ReadAllBytes(path), $"checkpoint, killed at call {call}");
        }
    }

    [TestMethod]
    public void A_run_cancelled_at_any_call_and_resumed_ends_with_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        InMemoryImageDataset training = TrainingRun.Dataset(21, seed: 1);
        InMemoryImageDataset validation = TrainingRun.Dataset(9, seed: 2);
        var whole = new SoftmaxBackend();
        TrainingResult expected = TrainingRun.Trainer(whole).Fit(training, validation);

        // After the last call, a validation, there is nothing left to cancel.
        for (int call = 1; call <= whole.Calls; call++)
        {
            using var cancellation = new CancellationTokenSource();
            int last = call;
            var cancelled = new SoftmaxBackend { OnCall = number => CancelWhen(number == last, cancellation) };
            TrainingResult partial = TrainingRun.Trainer(cancelled, checkpoint: path)
                .Fit(training, validation, cancellationToken: cancellation.Token);
            Assert.IsTrue(partial.IsCancelled, $"cancelled at call {call}");
            Assert.IsFalse(partial.IsStoppedEarly);

            TrainingResult actual = TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(training, validation);
            AssertSame(expected, actual, $"cancelled at call {call}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    [DynamicData(nameof(FeedForwardNetworks.All), typeof(FeedForwardNetworks))]
    public void A_network_of_any_family_is_resumed_and_ends_with_the_same_bytes(Architecture architecture)
    {
        using var folder = new TemporaryFolder();
        InMemoryImageDataset training = TrainingRun.Dataset(27, seed: 1);
        InMemoryImageDataset validation = TrainingRun.Dataset(9, seed: 2);
        TrainingResult expected = Trainer("whole").Fit(training, validation);

        // A step and a half into the second epoch.
        using var cancellation = new CancellationTokenSource();
        var data = new CountedDataset(training, images: 42, cancellation.Cancel);
        Assert.IsTrue(Trainer("cancelled").Fit(data, validation, cancellationToken: cancellation.Token).IsCancelled);
        TrainingResult actual = Trainer("cancelled").Resume(training, validation);

        AssertSame(expected, actual, $"{architecture}");
        TrainingRun.AssertSameBytes(File.ReadAllBytes(folder.File("whole")), File.ReadAllBytes(folder.File("cancelled")), "checkpoint");

        Trainer Trainer(string checkpoint)
            => new(architecture, TrainingRun.Recipe, new TrainerOptions { CheckpointPath = folder.File(checkpoint), Threads = 2 });
    }

    [TestMethod]
    public void A_finished_run_gives_its_result_again()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        InMemoryImageDataset data = TrainingRun.Dataset(21, seed: 1);
        TrainingResult expected = TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(data, data);

        var backend = new SoftmaxBackend();
        TrainingResult actual = TrainingRun.Trainer(backend, checkpoint: path).Resume(data, data);
        AssertSame(expected, actual, "resumed after its end");
        Assert.AreEqual(0, backend.Calls);
    }

    [TestMethod]
    public void A_run_that_is_resumed_elsewhere_tells_where_it_was()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        InMemoryImageDataset data = TrainingRun.Dataset(21, seed: 1);
        CollectionAssert.AreEqual(new[] { "one" }, Fit(stopAfter: 4, "one", resume: false));
        CollectionAssert.AreEqual(new[] { "one" }, Fit(stopAfter: 4, "one", resume: true));
        CollectionAssert.AreEqual(new[] { "one", "other-2" }, Fit(stopAfter: 4, "other-2", resume: true));
        CollectionAssert.AreEqual(new[] { "one", "other-2" }, Fit(stopAfter: null, "one", resume: true));

        // A finished run takes no step more.
        CollectionAssert.AreEqual(new[] { "one", "other-2" }, Fit(stopAfter: null, "third", resume: true));

        string[] Fit(int? stopAfter, string computesWith, bool resume)
        {
            using var cancellation = new CancellationTokenSource();
            var backend = new SoftmaxBackend
            {
                ComputesWith = computesWith,
                OnCall = call => CancelWhen(call == stopAfter, cancellation),
            };
            Trainer trainer = TrainingRun.Trainer(backend, checkpoint: path);
            TrainingResult result = resume
                ? trainer.Resume(data, cancellationToken: cancellation.Token)
                : trainer.Fit(data, cancellationToken: cancellation.Token);
            return [.. result.ComputedWith];
        }
    }

    [TestMethod]
    public void A_checkpoint_from_before_there_were_hashes_is_resumed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        File.Copy(Path.Combine(Fixture.Folder, "WithoutHash", "checkpoint.safetensors"), path);
        var architecture = new ViTArchitecture { ImageSize = 4, PatchSize = 2, Dim = 4, Depth = 1, Heads = 2, Classes = 3 };
        var recipe = new TrainingRecipe { Epochs = 2, BatchSize = 4, LearningRate = 0.01, WarmupEpochs = 0 };
        TrainingResult result = new Trainer(architecture, recipe, new TrainerOptions { CheckpointPath = path })
            .Resume(TrainingRun.Dataset(12, seed: 1), TrainingRun.Dataset(6, seed: 2));
        Assert.AreEqual(2, result.History.Count);
        Assert.IsFalse(result.IsCancelled);
    }

    [TestMethod]
    public void What_a_recipe_leaves_open_is_stored_as_it_was_chosen_and_resumed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        InMemoryImageDataset data = TrainingRun.Dataset(27, seed: 1);
        var recipe = new TrainingRecipe { Epochs = 2, ChannelIdleMethod = ChannelIdleMethod.Train };
        TrainingResult expected = TrainingRun.Trainer(new SoftmaxBackend(), recipe).Fit(data);

        var killed = new SoftmaxBackend { OnCall = call => ThrowWhen(call == 3) };
        Assert.ThrowsExactly<KilledException>(() => TrainingRun.Trainer(killed, recipe, path, everySteps: 1).Fit(data));
        RunDescription run = Checkpoint.Read(path).Run;
        Assert.AreEqual(recipe with { BatchSize = 16, WarmupEpochs = 0.1 }, run.Recipe);
        Assert.ThrowsExactly<ArgumentException>((run with { Recipe = recipe }).Validate);
        AssertSame(expected, TrainingRun.Trainer(new SoftmaxBackend(), recipe, path).Resume(data), "resumed");
    }

    [TestMethod]
    public void Another_run_is_refused_by_its_first_difference()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        InMemoryImageDataset data = TrainingRun.Dataset(21, seed: 1);
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 1 };
        TrainingRun.Trainer(new SoftmaxBackend(), recipe, path).Fit(data, data);

        AssertRefused(
            Trainer(recipe: recipe with { LearningRate = 0.5 }),
            data,
            data,
            "run.recipe.learningRate is 0.02 in the checkpoint, but 0.5 here");
        AssertRefused(
            Trainer(architecture: SoftmaxBackend.Architecture with { Depth = 2 }),
            data,
            data,
            "run.model.architecture.depth is 1 in the checkpoint, but 2 here");
        AssertRefused(
            Trainer(preprocessing: new ImagePreprocessing { Mean = new Rgb(0, 0, 0) }),
            data,
            data,
            "run.model.preprocessing.mean.red");
        AssertRefused(Trainer(), data, null, "run.validationImages is 21 in the checkpoint, but null here");
        AssertRefused(Trainer(), TrainingRun.Dataset(22, seed: 1), data, "run.trainingImages");

        int[] indices = [.. Enumerable.Range(0, data.Count)];
        var renamed = new InMemoryImageDataset(
            indices.Select(data.GetImage), indices.Select(data.GetLabel), ["class 0", "cat", "dog"]);
        AssertRefused(Trainer(), renamed, renamed, "run.model.classNames[1] is \"class 1\" in the checkpoint");
        var relabeled = new InMemoryImageDataset(
            indices.Select(data.GetImage), indices.Select(index => (data.GetLabel(index) + 1) % 3), data.ClassNames);
        AssertRefused(Trainer(), relabeled, data, "run.trainingHash");
        AssertRefused(Trainer(), data, relabeled, "run.validationHash");

        Trainer Trainer(
            TrainingRecipe? recipe = null, Architecture? architecture = null, ImagePreprocessing? preprocessing = null)
            => new(
                architecture ?? SoftmaxBackend.Architecture,
                recipe ?? TrainingRun.Recipe with { Epochs = 1 },
                new TrainerOptions { CheckpointPath = path },
                new SoftmaxBackend())
            {
                Preprocessing = preprocessing ?? new ImagePreprocessing(),
            };
    }

    [TestMethod]
    public void Resuming_needs_a_checkpoint()
    {
        using var folder = new TemporaryFolder();
        InMemoryImageDataset data = TrainingRun.Dataset(21, seed: 1);
        Assert.ThrowsExactly<InvalidOperationException>(() => TrainingRun.Trainer(new SoftmaxBackend()).Resume(data));
        Assert.ThrowsExactly<FileNotFoundException>(
            () => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: folder.File("none")).Resume(data));
    }

    private static void AssertSame(TrainingResult expected, TrainingResult actual, string when)
    {
        Assert.IsFalse(actual.IsCancelled, when);
        CollectionAssert.AreEqual(expected.History.ToArray(), actual.History.ToArray(), when);
        Assert.AreEqual(expected.Best, actual.Best, when);
        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), when);
    }

    private static void AssertRefused(
        Trainer trainer, IImageDataset training, IImageDataset? validation, string reason)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => trainer.Resume(training, validation));
        StringAssert.Contains(error.Message, reason);
    }

    private static void ThrowWhen(bool now)
    {
        if (now)
        {
            throw new KilledException();
        }
    }

    private static void CancelWhen(bool now, CancellationTokenSource cancellation)
    {
        if (now)
        {
            cancellation.Cancel();
        }
    }

    private sealed class KilledException : Exception;

    /// <summary>Acts when it has given so many images.</summary>
    private sealed class CountedDataset(IImageDataset dataset, int images, Action action) : IImageDataset
    {
        private int _given;

        public IReadOnlyList<string> ClassNames => dataset.ClassNames;

        public int Count => dataset.Count;

        public RgbImage GetImage(int index)
        {
            if (Interlocked.Increment(ref _given) == images)
            {
                action();
            }

            return dataset.GetImage(index);
        }

        public int GetLabel(int index) => dataset.GetLabel(index);
    }
}
