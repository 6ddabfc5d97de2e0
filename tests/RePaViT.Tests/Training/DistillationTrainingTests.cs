using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>Runs that are distilled, from models and from what was computed before.</summary>
[TestClass]
public sealed class DistillationTrainingTests
{
    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with { BatchSize = 7 };

    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(40, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(9, seed: 2);

    private static IReadOnlyList<float[]> Vectors { get; } =
        [.. Enumerable.Range(0, 40).Select(i => RandomWeights.Floats(5, seed: i))];

    public static IEnumerable<object[]> Distillations() =>
    [
        [Distillation.FromScores(Teacher()), TrainingRun.Architecture],
        [Distillation.FromFeatures(Teacher()), TrainingRun.LVViT],
        [Distillation.FromFeatures(Vectors), TrainingRun.Swin],
    ];

    [TestMethod]
    [DynamicData(nameof(Distillations))]
    public void The_same_bytes_come_out_on_any_number_of_threads_and_after_an_interruption(Distillation distillation, Architecture architecture)
    {
        using var folder = new TemporaryFolder();
        byte[] expected = Bytes(Trainer(distillation, architecture, threads: 1).Fit(Training, Validation));
        TrainingRun.AssertSameBytes(expected, Bytes(Trainer(distillation, architecture, threads: 3).Fit(Training, Validation)), "3 threads");

        Trainer interrupted = Trainer(distillation, architecture, threads: 2, folder.File("checkpoint"));
        using var cancellation = new CancellationTokenSource();
        interrupted.Fit(Training, Validation, new AfterEpoch(1, cancellation.Cancel), cancellation.Token);
        TrainingRun.AssertSameBytes(expected, Bytes(interrupted.Resume(Training, Validation)), "resumed");

        byte[] other = Bytes(Trainer(distillation with { Weight = 0.25 }, architecture, threads: 2).Fit(Training, Validation));
        Assert.IsFalse(expected.AsSpan().SequenceEqual(other), "The weight made no difference.");
    }

    [TestMethod]
    public void The_learned_map_is_in_the_checkpoint_and_in_no_model()
    {
        using var folder = new TemporaryFolder();
        string checkpoint = folder.File("checkpoint");
        TrainingResult result = Trainer(Distillation.FromFeatures(Vectors), TrainingRun.Architecture, threads: 2, checkpoint).Fit(Training, Validation);
        SafetensorsFile file = Safetensors.Read(checkpoint);
        int[] shape = [5, TrainingRun.Architecture.Dim];
        CollectionAssert.AreEqual(shape, file.Tensors["engine.distillation.weight"].Shape.ToArray());
        Assert.IsFalse(file.Tensors.TryGet("best.distillation.weight", out _));
        Assert.IsFalse(result.Model.Weights.TryGet("distillation.weight", out _));
        Assert.HasCount(TrainingRun.Architecture.CreateNetwork(1).Weights.Count, result.Model.Weights);
    }

    [TestMethod]
    public void A_checkpoint_of_another_teacher_is_refused()
    {
        using var folder = new TemporaryFolder();
        string checkpoint = folder.File("checkpoint");
        Distillation scores = Distillation.FromScores(Teacher());
        Trainer(scores, TrainingRun.Architecture, threads: 2, checkpoint).Fit(Training);

        AssertRefused("run.distillation.weight is 0.5 in the checkpoint, but 0.75 here", scores with { Weight = 0.75 });
        AssertRefused("run.distillation.temperature is 3 in the checkpoint, but 1 here", scores with { Temperature = 1 });
        AssertRefused("run.distillation.teacher is \"teacher ", Distillation.FromScores(Teacher(seed: 5)));
        AssertRefused("run.distillation.teacher is \"teacher ", Distillation.FromFeatures(Vectors));
        AssertRefused("run.distillation.output is \"scores\" in the checkpoint, but \"features\" here", Distillation.FromFeatures(Teacher()));
        AssertRefused("run.distillation is {", null);

        void AssertRefused(string message, Distillation? other)
            => StringAssert.Contains(
                Assert.ThrowsExactly<ArgumentException>(() => Trainer(other, TrainingRun.Architecture, threads: 2, checkpoint).Resume(Training)).Message,
                message);
    }

    [TestMethod]
    public void A_checkpoint_without_distillation_is_as_it_was()
    {
        using var folder = new TemporaryFolder();
        string checkpoint = folder.File("checkpoint");
        Trainer(distillation: null, TrainingRun.Architecture, threads: 2, checkpoint).Fit(Training);
        Assert.IsFalse(Safetensors.Read(checkpoint).Metadata.ContainsKey("distillation"));
    }

    [TestMethod]
    public void What_is_stored_of_a_distillation_is_read_again_and_nothing_else()
    {
        var description = new DistillationDescription { Teacher = "vectors AB", Output = TeacherOutput.Features, Weight = 0.5, Temperature = null };
        string json = RunJson.Stored.Write(description);
        Assert.AreEqual("""{"teacher":"vectors AB","output":"features","weight":0.5,"temperature":null}""", json);
        Assert.AreEqual(description, RunJson.Stored.Parse<DistillationDescription>(json));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        Distillation scores = Distillation.FromScores(Teacher());
        AssertRefused("Weight 0 is not accepted", TrainingRun.Mixer, scores with { Weight = 0 });
        AssertRefused("Weight NaN is not accepted", TrainingRun.Mixer, scores with { Weight = double.NaN });
        AssertRefused("Temperature 21 is not accepted", TrainingRun.Mixer, scores with { Temperature = 21 });
        AssertRefused("takes images of 12 pixels", TrainingRun.Mixer with { ImageSize = 16 }, scores);
        AssertRefused("class names that differ", TrainingRun.Mixer, Distillation.FromScores(Teacher(classNames: ["a", "b", "c"])));
        AssertRefused("has vectors for 40 images, but there are 9 training images", TrainingRun.Mixer, Distillation.FromFeatures(Vectors), Validation);
        AssertRefused("validation would measure nothing", TrainingRun.Mixer, Distillation.FromFeatures(Vectors) with { Weight = 1 });

        var both = new Trainer(TrainingRun.LVViT, Recipe) { Distillation = scores, TokenLabels = TokenLabels.FromTeacher(Teacher()) };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => both.Fit(Training)).Message, "are both set");

        static void AssertRefused(string message, Architecture architecture, Distillation distillation, IImageDataset? training = null)
        {
            var trainer = new Trainer(architecture, Recipe) { Distillation = distillation };
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.Fit(training ?? Training, Validation)).Message, message);
        }
    }

    [TestMethod]
    public void Scores_of_a_teacher_are_learned_without_labels()
    {
        InMemoryImageDataset training = TrainingRun.Dataset(120, seed: 5);
        InMemoryImageDataset validation = TrainingRun.Dataset(60, seed: 6);
        RePaViTModel teacher = new Trainer(TrainingRun.PoolFormer, Learning).Fit(training).Model;
        Assert.IsGreaterThan(0.9, teacher.Evaluate(validation).Accuracy);

        var trainer = new Trainer(TrainingRun.Architecture, Learning) { Distillation = Distillation.FromScores(teacher) with { Weight = 1 } };
        RePaViTModel student = trainer.Fit(WithWrongLabels(training)).Model;
        Assert.IsGreaterThan(0.8, student.Evaluate(validation).Accuracy);
        Assert.IsGreaterThan(0.8, student.Reparameterize().Evaluate(validation).Accuracy);
    }

    [TestMethod]
    public void Features_of_a_teacher_are_learned_without_labels_and_leave_the_head()
    {
        // What the teacher says of an image is its mean color; the labels say nothing.
        InMemoryImageDataset training = TrainingRun.Dataset(120, seed: 5);
        float[][] colors = [.. Enumerable.Range(0, 120).Select(i => MeanColor(training.GetImage(i)))];
        var trainer = new Trainer(TrainingRun.Architecture, Learning with { WeightDecay = 0, EmaDecay = null })
        {
            Distillation = Distillation.FromFeatures(colors) with { Weight = 1 },
        };
        TrainingResult result = trainer.Fit(WithWrongLabels(training));
        Assert.IsLessThan(0.3, result.History[^1].TrainingLoss, "Of 1, the variance of what is learned.");
        CollectionAssert.AreEqual(
            result.Model.Architecture.CreateNetwork(Learning.Seed).Weights["head.weight"].Data.ToArray(),
            result.Model.Weights["head.weight"].Data.ToArray());
    }

    // No labels are seen, so what is learned is the teacher's.
    private static TrainingRecipe Learning { get; } = new()
    {
        Epochs = 8, BatchSize = 10, LearningRate = 5e-3, WarmupEpochs = 1, DropPathRate = 0, EmaDecay = 0.9, Augmentation = new(), Seed = 3,
    };

    private static InMemoryImageDataset WithWrongLabels(InMemoryImageDataset dataset) => new(
        Enumerable.Range(0, dataset.Count).Select(dataset.GetImage), Enumerable.Range(0, dataset.Count).Select(i => i / 40), dataset.ClassNames);

    private static float[] MeanColor(RgbImage image)
        => [.. Enumerable.Range(0, 3).Select(channel => image.Pixels.ToArray().Where((_, i) => i % 3 == channel).Average(sample => (float)sample))];

    private static Trainer Trainer(Distillation? distillation, Architecture architecture, int threads, string? checkpoint = null)
        => new(architecture, Recipe, new TrainerOptions { Threads = threads, CheckpointPath = checkpoint }) { Distillation = distillation };

    private static RePaViTModel Teacher(int seed = 4, params string[] classNames) => new(
        TrainingRun.Mixer,
        NetworkForm.Trained,
        RandomWeights.Network(TrainingRun.Mixer, seed).Weights,
        classNames.Length == 0 ? Training.ClassNames : classNames);

    private static byte[] Bytes(TrainingResult result) => TrainingRun.Bytes(result.Model.Weights);
}
