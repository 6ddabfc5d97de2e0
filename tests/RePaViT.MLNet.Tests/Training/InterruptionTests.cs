using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Training;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>Cancelling, resuming and going on from a model.</summary>
[TestClass]
public class InterruptionTests
{
    [TestMethod]
    public void Cancelling_during_training_gives_a_usable_model()
    {
        using var setup = new TrainingSetup();
        using var cancellation = new CancellationTokenSource();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(TrainingSetup.Options with
        {
            Epoch = 1000,
            MetricsCallback = epoch => CancelAfter(epoch, 5, cancellation),
            CancellationToken = cancellation.Token,
        }).Fit(data);
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("Training was cancelled after 5", StringComparison.Ordinal)));
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.9);
    }

    [TestMethod]
    public void Cancelling_before_training_throws()
    {
        using var setup = new TrainingSetup(images: 6);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { CancellationToken = new CancellationToken(canceled: true) };
        Assert.ThrowsExactly<OperationCanceledException>(() => setup.CreateTrainer(options).Fit(data));
    }

    [TestMethod]
    public void A_resumed_run_ends_as_an_uninterrupted_one()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        float[][] whole = TrainingSetup.Scores(setup.CreateTrainer().Fit(data), data);

        using var cancellation = new CancellationTokenSource();
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Resume = true };
        setup.CreateTrainer(options with
        {
            MetricsCallback = epoch => CancelAfter(epoch, 3, cancellation),
            CancellationToken = cancellation.Token,
        }).Fit(data);
        var epochs = new List<int>();
        var resumed = setup.CreateTrainer(options with { MetricsCallback = epoch => epochs.Add(epoch.Epoch) }).Fit(data);

        CollectionAssert.AreEqual(new[] { 4, 5, 6, 7, 8 }, epochs);
        float[][] scores = TrainingSetup.Scores(resumed, data);
        Assert.IsTrue(whole.Zip(scores).All(pair => pair.First.SequenceEqual(pair.Second)));
    }

    [TestMethod]
    public void A_run_that_goes_on_with_other_instructions_says_so_once()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var cancellation = new CancellationTokenSource();
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Resume = true };
        setup.CreateTrainer(options with
        {
            CancellationToken = cancellation.Token, MetricsCallback = epoch => CancelAfter(epoch, 3, cancellation),
        }).Fit(data);
        Checkpoint checkpoint = Checkpoint.Read(setup.PathOf("run/checkpoint.safetensors"));
        string here = checkpoint.ComputedWith.Single();
        new Checkpoint
        {
            Run = checkpoint.Run,
            State = checkpoint.State,
            Engine = checkpoint.Engine,
            BestWeights = checkpoint.BestWeights,
            ComputedWith = ["abacus"],
        }.Write(setup.PathOf("run/checkpoint.safetensors"));
        Assert.IsFalse(setup.Log.Any(message => message.RawMessage.Contains("then with", StringComparison.Ordinal)));

        setup.CreateTrainer(options).Fit(data);
        Assert.AreEqual(1, setup.Log.Count(message => message.RawMessage.Contains($"abacus, then with {here}", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_state_of_an_earlier_run_is_kept_when_another_begins()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Epoch = 1 };
        setup.CreateTrainer(options).Fit(data);
        byte[] first = File.ReadAllBytes(setup.PathOf("run/checkpoint.safetensors"));
        setup.CreateTrainer(options with { LearningRate = 2e-3 }).Fit(data);
        CollectionAssert.AreEqual(first, File.ReadAllBytes(setup.PathOf("run/checkpoint.previous.safetensors")));
        CollectionAssert.AreNotEqual(first, File.ReadAllBytes(setup.PathOf("run/checkpoint.safetensors")));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_second_training_on_one_folder_is_refused_before_it_touches_anything(bool resume)
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Epoch = 1 };
        int refused = 0;
        setup.CreateTrainer(options with
        {
            MetricsCallback = _ =>
            {
                var exception = Assert.ThrowsExactly<IOException>(
                    () => setup.CreateTrainer(options with { Resume = resume }).Fit(data));
                StringAssert.Contains(exception.Message, $"process {Environment.ProcessId} (", StringComparison.Ordinal);
                refused++;
            },
        }).Fit(data);

        Assert.AreEqual(1, refused);
        CollectionAssert.AreEqual(
            new[] { "checkpoint.safetensors" }, Directory.GetFiles(setup.PathOf("run")).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void A_checkpoint_of_another_run_is_refused()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Resume = true, Epoch = 1 };
        setup.CreateTrainer(options).Fit(data);
        var exception = Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer(options with { LearningRate = 2e-3 }).Fit(data));
        StringAssert.Contains(exception.Message, "learningRate");
    }

    [TestMethod]
    public void A_checkpoint_of_other_images_is_refused()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { CheckpointFolder = setup.PathOf("run"), Resume = true, Epoch = 1 };
        setup.CreateTrainer(options).Fit(data);
        (setup.Rows[0].ImagePath, setup.Rows[3].ImagePath) = (setup.Rows[3].ImagePath, setup.Rows[0].ImagePath);
        var exception = Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer(options).Fit(data));
        StringAssert.Contains(exception.Message, "Hash");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Training_goes_on_from_a_model(bool loaded)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer().Fit(data);
        if (loaded)
        {
            setup.Context.Model.Save(model, data.Schema, setup.PathOf("model.zip"));
            model = setup.Context.Model.LoadRePaViT(setup.PathOf("model.zip"));
        }

        var losses = new List<double>();
        var options = TrainingSetup.Options with { Epoch = 2, LearningRate = 1e-4, MetricsCallback = epoch => losses.Add(epoch.Validation!.Loss) };
        setup.CreateTrainer(options with { InitialModel = model }).Fit(data);
        setup.CreateTrainer(options).Fit(data);
        Assert.IsTrue(losses[0] < 0.5 * losses[2], $"{losses[0]} with the model, {losses[2]} without");
    }

    private static void CancelAfter(EpochSummary epoch, int last, CancellationTokenSource cancellation)
    {
        if (epoch.Epoch == last)
        {
            cancellation.Cancel();
        }
    }
}
