using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests;

[TestClass]
public sealed class TrainerTests
{
    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(60, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(30, seed: 2);

    [TestMethod]
    public void Training_learns_and_reports()
    {
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 15, Augmentation = AugmentationOptions.None, EmaDecay = 0.9 };
        var reports = new List<TrainingProgress>();
        TrainingResult result = TrainingRun.Trainer(new SoftmaxBackend(), recipe)
            .Fit(Training, Validation, new Collector(reports));

        Assert.IsTrue(result.Best!.Validation!.Accuracy >= 0.9, $"{result.Best}");
        Assert.AreEqual(15, result.History.Count);
        Assert.IsTrue(reports.Count >= 15);
        TrainingProgress last = reports[^1];
        Assert.AreEqual((15, 15, 120L, 120L), (last.Epoch, last.Epochs, last.Step, last.Steps));
        Assert.AreEqual(result.History[^1].Validation, last.Validation);
        Assert.AreEqual(result.History[^1].TrainingLoss, last.TrainingLoss);
        Assert.AreEqual(TimeSpan.Zero, last.TimeLeft);
        Assert.IsTrue(last.ImagesPerSecond > 0);
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_channel_idle_network_learns_and_its_deployed_form_predicts_the_same(Architecture architecture)
    {
        TrainingRecipe recipe = new()
        {
            Epochs = 20,
            BatchSize = 10,
            LearningRate = 3e-3,
            Augmentation = AugmentationOptions.None,
            EmaDecay = 0.95,
        };
        TrainingResult result = new Trainer(architecture, recipe).Fit(Training, Validation);
        Assert.IsTrue(result.Best!.Validation!.Accuracy >= 0.9, $"{result.Best}");
        Assert.AreEqual(NetworkForm.Trained, result.Model.Form);

        RePaViTModel deployed = result.Model.Reparameterize();
        Evaluation evaluation = deployed.Evaluate(Validation);
        Assert.AreEqual(result.Best.Validation.Accuracy, evaluation.Accuracy);
        Assert.IsTrue(Math.Abs(result.Best.Validation.Loss - evaluation.Loss) <= 1e-5, $"{evaluation}");
    }

    [TestMethod]
    public void The_same_run_gives_the_same_bytes_and_another_seed_others()
    {
        byte[] first = TrainingRun.Bytes(TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training).Model.Weights);
        byte[] again = TrainingRun.Bytes(TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training).Model.Weights);
        byte[] other = TrainingRun.Bytes(
            TrainingRun.Trainer(new SoftmaxBackend(), TrainingRun.Recipe with { Seed = 8 }).Fit(Training).Model.Weights);
        CollectionAssert.AreEqual(first, again);
        CollectionAssert.AreNotEqual(first, other);
    }

    [TestMethod]
    public void Gathered_batches_take_the_step_of_the_batch_they_make_up()
    {
        TrainingRecipe whole = TrainingRun.Recipe with
        {
            BatchSize = 12,
            GradientAccumulation = 1,
            DropPathRate = 0,
            Augmentation = AugmentationOptions.None with { HorizontalFlip = 0.5 },
        };
        TrainingRecipe parts = whole with { BatchSize = 4, GradientAccumulation = 3 };
        NamedTensors expected = TrainingRun.Trainer(new SoftmaxBackend(), whole).Fit(Training).Model.Weights;
        NamedTensors actual = TrainingRun.Trainer(new SoftmaxBackend(), parts).Fit(Training).Model.Weights;
        for (int i = 0; i < expected["head.weight"].Length; i++)
        {
            double difference = Math.Abs(expected["head.weight"].Data[i] - actual["head.weight"].Data[i]);
            Assert.IsTrue(difference <= 1e-5, $"{i}: {difference}");
        }
    }

    [TestMethod]
    public void The_result_is_the_first_of_the_best_epochs_and_patience_ends_the_run()
    {
        Evaluation[] script = [new(0.5, 2, 30), new(0.75, 1, 30), new(0.75, 1, 30), new(0.7, 0.9, 30), new(0.9, 0.5, 30)];
        var backend = new SoftmaxBackend { Script = i => script[i] };
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 5, EarlyStopping = new(2) };
        TrainingResult result = TrainingRun.Trainer(backend, recipe).Fit(Training, Validation);
        Assert.IsTrue(result.IsStoppedEarly);
        Assert.IsFalse(result.IsCancelled);
        Assert.AreEqual(4, result.History.Count);
        Assert.AreEqual(2, result.Best!.Epoch);

        TrainingResult toTheEnd = TrainingRun.Trainer(
            new SoftmaxBackend { Script = i => script[i] }, recipe with { EarlyStopping = new(3) }).Fit(Training, Validation);
        Assert.IsFalse(toTheEnd.IsStoppedEarly);
        Assert.AreEqual(5, toTheEnd.Best!.Epoch);
    }

    [TestMethod]
    public void A_lower_loss_decides_between_equal_accuracies()
    {
        Evaluation[] script = [new(0.5, 2, 30), new(0.5, 1, 30), new(0.5, 3, 30)];
        TrainingResult result = TrainingRun.Trainer(new SoftmaxBackend { Script = i => script[i] }).Fit(Training, Validation);
        Assert.AreEqual(2, result.Best!.Epoch);
    }

    [TestMethod]
    public void Cancelled_before_the_first_step_it_returns_the_initial_weights()
    {
        NamedTensors initial = TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training).Model.Weights;
        var trainer = new Trainer(SoftmaxBackend.Architecture, TrainingRun.Recipe, null, new SoftmaxBackend())
        {
            InitialWeights = initial,
        };
        TrainingResult result = trainer.Fit(Training, Validation, cancellationToken: new CancellationToken(canceled: true));
        Assert.IsTrue(result.IsCancelled);
        Assert.IsNull(result.Best);
        CollectionAssert.AreEqual(TrainingRun.Bytes(initial), TrainingRun.Bytes(result.Model.Weights));
    }

    [TestMethod]
    public void Cancelled_later_it_returns_the_best_weights_so_far()
    {
        // One epoch of 60 images has 15 batches in 8 steps: 23 calls and a validation.
        const int CallsPerEpoch = 24;
        using var cancellation = new CancellationTokenSource();
        var backend = new SoftmaxBackend
        {
            Script = i => new Evaluation(0.5, 1 + i, 30),
            OnCall = call =>
            {
                if (call == 2 * CallsPerEpoch + 3)
                {
                    cancellation.Cancel();
                }
            },
        };
        TrainingResult cancelled = TrainingRun.Trainer(backend).Fit(Training, Validation, cancellationToken: cancellation.Token);
        Assert.IsTrue(cancelled.IsCancelled);
        Assert.AreEqual(2, cancelled.History.Count);
        Assert.AreEqual(1, cancelled.Best!.Epoch);
        CollectionAssert.AreEqual(
            TrainingRun.Bytes(TrainingRun.Trainer(new SoftmaxBackend { Script = i => new Evaluation(0.5, 1 + i, 30) })
                .Fit(Training, Validation).Model.Weights),
            TrainingRun.Bytes(cancelled.Model.Weights));
    }

    [TestMethod]
    public void Divergence_is_an_error_that_leaves_the_last_checkpoint()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path, everySteps: 1).Fit(Training);

        var diverging = new SoftmaxBackend { Script = _ => new Evaluation(0.5, double.NaN, 30) };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => TrainingRun.Trainer(diverging, checkpoint: path, everySteps: 5).Fit(Training, Validation));
        Assert.AreEqual(path, error.CheckpointPath);
        Assert.AreEqual(9, error.Step);
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    [DataRow(true, true)]
    public void Weights_that_diverge_in_the_last_step_are_no_result(bool validate, bool average)
    {
        TrainingRecipe recipe = TrainingRun.Recipe with { EmaDecay = average ? 0.9 : null };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => TrainingRun.Trainer(new SoftmaxBackend { DivergesInUpdate = 24 }, recipe).Fit(Training, validate ? Validation : null));
        StringAssert.Contains(error.Message, "'head.weight' holds NaN at index 5 in step 24");
        Assert.AreEqual(24, error.Step);
        Assert.IsNull(error.CheckpointPath);
    }

    [TestMethod]
    public void Weights_that_diverge_are_no_result_of_a_cancelled_run()
    {
        // The last call before the update, which still takes place.
        using var cancellation = new CancellationTokenSource();
        var backend = new SoftmaxBackend
        {
            DivergesInUpdate = 1,
            OnCall = call =>
            {
                if (call == 2)
                {
                    cancellation.Cancel();
                }
            },
        };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => TrainingRun.Trainer(backend).Fit(Training, cancellationToken: cancellation.Token));
        Assert.AreEqual(1, error.Step);
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(24)]
    public void Weights_that_diverge_never_replace_a_good_checkpoint(int update)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("run.safetensors");
        TrainingResult expected = TrainingRun.Trainer(new SoftmaxBackend()).Fit(Training);
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => TrainingRun.Trainer(new SoftmaxBackend { DivergesInUpdate = update }, checkpoint: path, everySteps: 1).Fit(Training));
        Assert.AreEqual(update, error.Step);
        Assert.AreEqual(path, error.CheckpointPath);

        TrainingResult resumed = TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Training);
        CollectionAssert.AreEqual(TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(resumed.Model.Weights));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_before_training()
    {
        var backend = new SoftmaxBackend();
        Trainer trainer = TrainingRun.Trainer(backend);
        AssertRefused(() => trainer.Fit(TrainingRun.Dataset(8, 1, classes: 4)), "4 classes");
        AssertRefused(() => trainer.Fit(Training, TrainingRun.Dataset(8, 1, classes: 2)), "2 classes");
        AssertRefused(() => trainer.Fit(TrainingRun.Dataset(3, 1)), "BatchSize 4 is more than the 3 training images");
        AssertRefused(
            () => TrainingRun.Trainer(backend, TrainingRun.Recipe with { EarlyStopping = new(1) }).Fit(Training),
            "EarlyStopping");
        AssertRefused(() => TrainingRun.Trainer(backend, TrainingRun.Recipe with { Epochs = 0 }), "Epochs");
        AssertRefused(
            () => new Trainer(SoftmaxBackend.Architecture with { Classes = 1 }, TrainingRun.Recipe, null, backend).Fit(Training),
            "Classes 1");
        AssertRefused(
            () => new Trainer(SoftmaxBackend.Architecture, TrainingRun.Recipe, null, backend)
            {
                InitialWeights = new NamedTensors(),
            }.Fit(Training),
            "patch_embed.proj.weight");
        NamedTensors weights = RandomWeights.Create(SoftmaxBackend.Architecture.Layers(NetworkForm.Trained), seed: 1);
        AssertRefused(
            () => new Trainer(SoftmaxBackend.Architecture, TrainingRun.Recipe, null, backend)
            {
                InitialWeights = WithNaN(weights, "head.bias"),
            }.Fit(Training),
            "'head.bias' holds NaN at index 0");
        Assert.AreEqual(0, backend.Calls);
    }

    [TestMethod]
    public void A_checkpoint_that_cannot_be_written_is_refused_before_training()
    {
        using var folder = new TemporaryFolder();
        var backend = new SoftmaxBackend();
        AssertRefused(() => TrainingRun.Trainer(backend, checkpoint: folder.File("missing/run.safetensors")), "CheckpointPath");
        AssertRefused(() => TrainingRun.Trainer(backend, checkpoint: folder.Path), "CheckpointPath");

        // A folder that is gone: no user, however privileged, can write there.
        string path = folder.File("gone/run.safetensors");
        Directory.CreateDirectory(folder.File("gone"));
        Trainer trainer = TrainingRun.Trainer(backend, checkpoint: path);
        Directory.Delete(folder.File("gone"));
        var error = Assert.ThrowsExactly<IOException>(() => trainer.Fit(Training));
        StringAssert.Contains(error.Message, path);
        Assert.AreEqual(0, backend.Calls);
    }

    private static void AssertRefused(Action action, string reason)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(action).Message, reason);

    private static NamedTensors WithNaN(NamedTensors weights, string name)
    {
        var changed = new NamedTensors();
        foreach ((string other, WeightTensor tensor) in weights)
        {
            float[] data = tensor.Data.ToArray();
            data[0] = other == name ? float.NaN : data[0];
            changed.Add(other, new WeightTensor(data, tensor.Shape));
        }

        return changed;
    }

    private sealed class Collector(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }
}
