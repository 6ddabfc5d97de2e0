using RePaViT.Objectives;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Torch.Tests;

/// <summary>Whole runs, beside those of the managed engine.</summary>
[TestClass]
public sealed class TrainerTests : TorchTest
{
    // Roundings of two engines over some dozen steps of Adam.
    private const double Tolerance = 1e-2;

    private static readonly ViTArchitecture Architecture =
        new() { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.75 };

    private static readonly MixerArchitecture Mixer = new() { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 3, IdleRatio = 0.75 };

    private static readonly SwinArchitecture Swin =
        new() { ImageSize = 16, Dim = 24, Depths = [1, 1], Heads = [2, 3], Window = 3, Classes = 3, IdleRatio = 0.75 };

    public static IEnumerable<object[]> Families() => [[Architecture], [Mixer], [Swin]];

    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 6,
        BatchSize = 16,
        LearningRate = 3e-3,
        Epsilon = 1e-4,
        DropPathRate = 0.1,
        EmaDecay = 0.9,
        Augmentation = AugmentationOptions.None,
        ChannelIdleMethod = ChannelIdleMethod.Train,
        Seed = 7,
    };

    private static TorchBackend Torch => new(Device, TorchPrecision.Float32);

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void A_run_ends_with_the_same_accuracy_as_the_managed_one(Architecture architecture)
    {
        InMemoryImageDataset training = Stripes(192, seed: 1);
        InMemoryImageDataset validation = Stripes(96, seed: 2);
        TrainingResult expected = Trainer(architecture, new ManagedBackend()).Fit(training, validation);
        TrainingResult actual = Trainer(architecture, Torch).Fit(training, validation);

        Assert.IsGreaterThan(0.9, expected.Best!.Validation!.Accuracy);
        Assert.AreEqual(expected.Best.Validation.Accuracy, actual.Best!.Validation!.Accuracy, Tolerance);
        Assert.AreEqual(expected.Best.Validation.Loss, actual.Best.Validation.Loss, Tolerance);

        // And the model that comes out is one for the CPU, like any other.
        Assert.AreEqual(
            actual.Best.Validation.Accuracy, actual.Model.Reparameterize().Evaluate(validation).Accuracy, Tolerance);
    }

    [TestMethod]
    [DataRow(true, false)]
    [DataRow(false, false)]
    [DataRow(true, true)]
    [DataRow(false, true)]
    public void A_checkpoint_of_one_engine_is_resumed_by_the_other(bool torchFirst, bool isMixer)
    {
        Architecture architecture = isMixer ? Mixer : Architecture;
        ITrainingBackend first = torchFirst ? Torch : new ManagedBackend();
        ITrainingBackend second = torchFirst ? new ManagedBackend() : Torch;
        InMemoryImageDataset training = Stripes(192, seed: 1);
        TrainingResult expected = Trainer(architecture, first).Fit(training);

        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        string checkpoint = folder.File("run.safetensors");
        TrainingResult cancelled = Trainer(architecture, first, checkpoint).Fit(
            training, progress: new AfterEpoch(3, cancellation.Cancel), cancellationToken: cancellation.Token);
        Assert.IsTrue(cancelled.IsCancelled);
        TrainingResult resumed = Trainer(architecture, second, checkpoint).Resume(training);

        AssertClose(expected.Model.Weights, resumed.Model.Weights, Tolerance);
        Assert.HasCount(Recipe.Epochs!.Value, resumed.History);
    }

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void Frozen_blocks_stay_and_the_last_one_learns_what_it_learns_on_the_managed_engine(Architecture architecture)
    {
        TrainingRecipe recipe = Recipe with { TrainedBlocks = 1, Epochs = 2 };
        InMemoryImageDataset training = Stripes(96, seed: 1);
        NamedTensors start = RandomWeights.Network(architecture, seed: 1).Weights;
        var options = new TrainerOptions { Threads = 2 };
        NamedTensors expected = new Trainer(architecture, recipe, options, new ManagedBackend()) { InitialWeights = start }.Fit(training).Model.Weights;
        NamedTensors actual = new Trainer(architecture, recipe, options, Torch) { InitialWeights = start }.Fit(training).Model.Weights;

        AssertClose(expected, actual, Tolerance);
        foreach ((string name, WeightTensor tensor) in expected)
        {
            Assert.AreEqual(tensor.Data.SequenceEqual(start[name].Data), actual[name].Data.SequenceEqual(start[name].Data), name);
        }
    }

    [TestMethod]
    public void A_state_with_a_wrong_tensor_is_refused()
    {
        using ITrainingEngine engine = Torch.CreateEngine(Architecture.CreateNetwork(Recipe.Seed), new CrossEntropy(), Recipe, threads: 2);
        var incomplete = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in engine.GetState())
        {
            incomplete.Add(name, name == "optimizer.m.norm.bias" ? new WeightTensor([0], 1) : tensor);
        }

        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => engine.SetState(incomplete));
        Assert.Contains("optimizer.m.norm.bias", refusal.Message);
    }

    private static Trainer Trainer(Architecture architecture, ITrainingBackend backend, string? checkpoint = null)
        => new(architecture, Recipe, new TrainerOptions { CheckpointPath = checkpoint, Threads = 2 }, backend);

    /// <summary>Stripes along x, along y, and none, in noise.</summary>
    private static InMemoryImageDataset Stripes(int count, int seed)
    {
        const int Size = 16;
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % 3)];
        return new InMemoryImageDataset(labels.Select(Image), labels, ["x", "y", "none"]);

        RgbImage Image(int label)
        {
            byte[] pixels = new byte[3 * Size * Size];
            for (int i = 0; i < pixels.Length; i++)
            {
                int position = label == 0 ? i / 3 % Size : i / 3 / Size;
                int stripe = label < 2 && position % 4 < 2 ? 80 : 0;
                pixels[i] = (byte)(stripe + random.Next(120));
            }

            return new RgbImage(Size, Size, pixels);
        }
    }
}
