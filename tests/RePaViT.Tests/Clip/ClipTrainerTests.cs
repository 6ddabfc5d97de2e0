using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using static RePaViT.Tests.Clip.ClipFixture;

namespace RePaViT.Tests.Clip;

/// <summary>Image towers that learn what texts say: images of one color each, with a text for each color.</summary>
[TestClass]
public sealed class ClipTrainerTests
{
    private const int Colors = 6;

    // Two float networks, merged and folded, of a few layers.
    private const double RoundingTolerance = 2e-4;

    private static readonly ClipModel Clip = Load("openai.pt").Model;
    private static readonly ImageTextPairs Training = Pairs(48, seed: 1);
    private static readonly ImageTextPairs Validation = Pairs(18, seed: 2);

    private static readonly ViTArchitecture ChannelIdle = new()
    {
        ImageSize = 32, PatchSize = 8, Dim = 24, Depth = 2, Heads = 2, IdleRatio = 0.5,
    };

    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 30,
        BatchSize = 6,
        GradientAccumulation = 2,
        LearningRate = 5e-3,
        DropPathRate = 0.1,
        Augmentation = new AugmentationOptions { ResizedCrop = new RandomResizedCrop { MinArea = 0.5 } },
        ChannelIdleMethod = ChannelIdleMethod.Train,
        Seed = 3,
    };

    [TestMethod]
    public void A_channel_idle_tower_learns_which_text_belongs_to_which_image()
    {
        ClipTrainingResult result = new ClipTrainer(Clip, ChannelIdle, Recipe).Fit(Training, Validation);

        IReadOnlyList<EpochSummary> history = result.Training.History;
        Assert.IsTrue(history[^1].TrainingLoss < 0.6 * history[0].TrainingLoss, $"{history[0]} {history[^1]}");
        Assert.AreEqual(1.0, result.Training.Best!.Validation!.Accuracy);
        Assert.AreEqual(NetworkForm.Deployed, result.Model.ImageTower.Form);
        Assert.AreEqual(0.5, result.Model.ImageTower.Architecture.IdleRatio);
        RePaViTModel classifier = result.Model.CreateClassifier([.. Enumerable.Range(0, Colors).Select(Text)], ["{}"]);
        ImageTextPairs unseen = Pairs(30, seed: 4);
        Assert.AreEqual(1.0, classifier.Evaluate(unseen.Images).Accuracy);

        float[][] deployed = [.. result.Model.ImageTower.CreateExtractor("embedding").Compute(ImagesOf(unseen))];
        float[][] trained = [.. result.Training.Model.CreateExtractor("embedding").Compute(ImagesOf(unseen))];
        double difference = deployed.Zip(trained).Max(pair => Difference.Relative(pair.First, pair.Second));
        Assert.IsTrue(difference <= RoundingTolerance, $"{difference}");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_converted_tower_goes_on_from_where_it_is(bool keepNormalization)
    {
        ClipModel converted = Clip.WithImageTower(
            Clip.ImageTower.ToChannelIdle(Training.Images, new ConversionOptions { KeepNormalization = keepNormalization }).Model);
        TrainingRecipe still = Recipe with { Epochs = 1, LearningRate = 1e-30, MinimumLearningRate = 0, WarmupLearningRate = 0, EmaDecay = null };

        ClipTrainingResult untouched = new ClipTrainer(converted, still).Fit(Training);
        ClipTrainingResult result = new ClipTrainer(converted, Recipe with { LearningRate = 1e-3 }).Fit(Training, Validation);

        Assert.AreEqual(0.75, result.Model.ImageTower.Architecture.IdleRatio);
        double similarity = converted.ImageTower.CreateExtractor("embedding").Compute(ImagesOf(Validation))
            .Zip(untouched.Model.ImageTower.CreateExtractor("embedding").Compute(ImagesOf(Validation)))
            .Min(pair => System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<float>(pair.First, pair.Second));
        Assert.IsTrue(similarity > 0.9, $"{similarity}");
        Assert.IsTrue(result.Training.History[^1].TrainingLoss < 0.6 * untouched.Training.History[0].TrainingLoss);
        Assert.AreEqual(1.0, result.Training.Best!.Validation!.Accuracy);
    }

    [TestMethod]
    public void A_vanilla_tower_that_was_trained_is_converted_at_the_end()
    {
        ClipTrainingResult result = new ClipTrainer(Clip, ChannelIdle, Recipe with { Epochs = 2, ChannelIdleMethod = ChannelIdleMethod.Auto })
            .Fit(Training);

        Assert.IsNull(result.Training.Model.Architecture.IdleRatio);
        Assert.IsTrue(result.Training.Conversion!.Report.HeldOutCosine > 0.9, $"{result.Training.Conversion.Report.HeldOutCosine}");
        Assert.AreEqual(0.5, result.Model.ImageTower.Architecture.IdleRatio);
    }

    [TestMethod]
    public void The_same_bytes_come_out_on_any_number_of_threads_and_after_an_interruption()
    {
        using var folder = new TemporaryFolder();
        byte[] expected = Bytes(Trainer(threads: 1).Fit(Training, Validation));
        TrainingRun.AssertSameBytes(expected, Bytes(Trainer(threads: 3).Fit(Training, Validation)), "3 threads");

        ClipTrainer interrupted = Trainer(threads: 2, folder.File("checkpoint"));
        using var cancellation = new CancellationTokenSource();
        ClipTrainingResult cancelled = interrupted.Fit(Training, Validation, new AfterEpoch(1, cancellation.Cancel), cancellation.Token);
        Assert.IsTrue(cancelled.Training.IsCancelled);
        ArgumentException other = Assert.ThrowsExactly<ArgumentException>(
            () => interrupted.Resume(Training with { Texts = [.. Training.Texts.Reverse()] }, Validation));
        StringAssert.Contains(other.Message, "run.contrast.texts");
        TrainingRun.AssertSameBytes(expected, Bytes(interrupted.Resume(Training, Validation)), "resumed");

        static ClipTrainer Trainer(int threads, string? checkpoint = null) => new(
            Clip, ChannelIdle, Recipe with { Epochs = 3, DropPathRate = 0.5 },
            new TrainerOptions { Threads = threads, CheckpointPath = checkpoint });
    }

    [TestMethod]
    public void What_comes_before_the_last_blocks_can_stay()
    {
        ClipTrainingResult result = new ClipTrainer(
            Clip, Recipe with { Epochs = 2, TrainedBlocks = 0, ChannelIdleMethod = ChannelIdleMethod.Auto }).Fit(Training);

        NamedTensors before = Clip.ImageTower.Weights;
        NamedTensors after = result.Training.Model.Weights;
        CollectionAssert.AreEqual(before["blocks.0.attn.qkv.weight"].ToArray(), after["blocks.0.attn.qkv.weight"].ToArray());
        CollectionAssert.AreNotEqual(before["projection.weight"].ToArray(), after["projection.weight"].ToArray());
        Assert.IsTrue(result.Training.History[1].TrainingLoss < result.Training.History[0].TrainingLoss);
    }

    [TestMethod]
    public void Parts_of_a_data_set_take_their_texts_from_those_of_the_whole()
    {
        (IImageDataset first, IImageDataset second) = Training.Images.Split(0.25, seed: 1);

        TrainingResult result = new ClipTrainer(Clip, ChannelIdle, Recipe).Fit(
            new ImageTextPairs(first, Training.Texts), new ImageTextPairs(second, Training.Texts)).Training;

        Assert.AreEqual(1.0, result.Best!.Validation!.Accuracy);
        Assert.AreEqual(12, result.Best.Validation.Images);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        AssertRefused("MixupAlpha 0.8", () => new ClipTrainer(Clip, Recipe with { Augmentation = new AugmentationOptions { MixupAlpha = 0.8 } }));
        AssertRefused("CutmixAlpha 1", () => new ClipTrainer(Clip, Recipe with { Augmentation = new AugmentationOptions { CutmixAlpha = 1 } }));
        AssertRefused("Repeats 3", () => new ClipTrainer(Clip, Recipe with { Augmentation = new AugmentationOptions { Repeats = 3 } }));
        AssertRefused("ProjectionDim 8", () => new ClipTrainer(Clip, ChannelIdle with { ProjectionDim = 8 }));
        AssertRefused("47 texts, but 48 images", () => new ClipTrainer(Clip, Recipe).Fit(Training with { Texts = [.. Training.Texts.Skip(1)] }));
        AssertRefused("300", () => new ClipTrainer(Clip, Recipe).Fit(Training with { Texts = [.. Training.Texts.Skip(1), "unknown"] }));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ClipTrainer(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ClipTrainer(Clip, architecture: null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => new ClipTrainer(Clip).Fit(null!));
        Assert.ThrowsExactly<InvalidOperationException>(() => new ClipTrainer(Clip).Resume(Training));
    }

    private static void AssertRefused(string named, Func<object> action)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(action).Message, named);

    private static byte[] Bytes(ClipTrainingResult result) => TrainingRun.Bytes(result.Training.Model.Network.Weights);

    private static string Text(int color) => $"{color}";

    private static RgbImage[] ImagesOf(ImageTextPairs pairs) => [.. Enumerable.Range(0, pairs.Images.Count).Select(pairs.Images.GetImage)];

    /// <summary>Noise around a color, whose number is the text.</summary>
    private static ImageTextPairs Pairs(int count, int seed)
    {
        var random = new Random(seed);
        int[] colors = [.. Enumerable.Range(0, count).Select(i => i % Colors)];
        RgbImage[] images = [.. colors.Select(color => TestImages.Create(32, 32, (_, _, channel) => random.Next(60) + ((color + 1 >> channel & 1) == 1 ? 180 : 10)))];
        return new ImageTextPairs(
            new InMemoryImageDataset(images, colors, [.. Enumerable.Range(0, Colors).Select(Text)]), [.. colors.Select(Text)]);
    }
}
