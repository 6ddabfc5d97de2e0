using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>Runs with token labels, from teachers and from files.</summary>
[TestClass]
public sealed class TokenLabelTrainingTests
{
    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with
    {
        BatchSize = 7,
        Augmentation = AugmentationOptions.DeiT with { MixupAlpha = 0, CutmixAlpha = 0 },
    };

    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(40, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(9, seed: 2);

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_same_bytes_come_out_on_any_number_of_threads_and_after_an_interruption(bool fromTeacher)
    {
        using var folder = new TemporaryFolder();
        TokenLabels labels = fromTeacher ? TokenLabels.FromTeacher(Teacher()) : TokenLabels.FromFile(WriteFile(folder));
        byte[] expected = Bytes(Trainer(labels, threads: 1).Fit(Training, Validation));
        TrainingRun.AssertSameBytes(expected, Bytes(Trainer(labels, threads: 3).Fit(Training, Validation)), "3 threads");

        Trainer interrupted = Trainer(labels, threads: 2, folder.File("checkpoint"));
        using var cancellation = new CancellationTokenSource();
        interrupted.Fit(Training, Validation, new AfterEpoch(1, cancellation.Cancel), cancellation.Token);
        TrainingRun.AssertSameBytes(expected, Bytes(interrupted.Resume(Training, Validation)), "resumed");

        foreach (TokenLabels other in new[] { labels with { MixToken = false }, labels with { TokenWeight = 0 }, labels with { LabelShare = 0.5 } })
        {
            Assert.IsFalse(expected.AsSpan().SequenceEqual(Bytes(Trainer(other, threads: 2).Fit(Training, Validation))), $"{other} made no difference.");
        }
    }

    [TestMethod]
    public void A_checkpoint_with_other_labels_is_refused()
    {
        using var folder = new TemporaryFolder();
        string file = WriteFile(folder);
        string checkpoint = folder.File("checkpoint");
        var labels = TokenLabels.FromFile(file);
        Trainer(labels, threads: 2, checkpoint).Fit(Training);

        AssertRefused("run.tokenLabels.tokenWeight is 1 in the checkpoint, but 0.5 here", labels with { TokenWeight = 0.5 });
        AssertRefused("run.tokenLabels.mixToken is true in the checkpoint, but false here", labels with { MixToken = false });
        AssertRefused("run.tokenLabels.labels is \"file ", TokenLabels.FromTeacher(Teacher()));
        AssertRefused("run.tokenLabels is {", null);
        byte[] changed = File.ReadAllBytes(file);
        changed[^2] ^= 1;
        File.WriteAllBytes(file, changed);
        AssertRefused("run.tokenLabels.labels is \"file ", labels);

        void AssertRefused(string message, TokenLabels? other)
            => StringAssert.Contains(
                Assert.ThrowsExactly<ArgumentException>(() => Trainer(other, threads: 2, checkpoint).Resume(Training)).Message, message);
    }

    [TestMethod]
    public void A_checkpoint_without_token_labels_is_as_it_was()
    {
        using var folder = new TemporaryFolder();
        string checkpoint = folder.File("checkpoint");
        Trainer(labels: null, threads: 2, checkpoint).Fit(Training);
        Assert.IsFalse(Safetensors.Read(checkpoint).Metadata.ContainsKey("tokenLabels"));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(
                () => Trainer(TokenLabels.FromTeacher(Teacher()), threads: 2, checkpoint).Resume(Training)).Message,
            "run.tokenLabels is null in the checkpoint");
    }

    [TestMethod]
    public void What_is_stored_of_token_labels_is_read_again_and_nothing_else()
    {
        var description = new TokenLabelDescription { Labels = "file AB", ClassWeight = 1, TokenWeight = 0.5, LabelShare = 0, MixToken = true };
        string json = RunJson.Stored.Write(description);
        Assert.AreEqual("""{"labels":"file AB","classWeight":1,"tokenWeight":0.5,"labelShare":0,"mixToken":true}""", json);
        Assert.AreEqual(description, RunJson.Stored.Parse<TokenLabelDescription>(json));
    }

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        TokenLabels labels = TokenLabels.FromTeacher(Teacher());
        AssertRefused("SwinArchitecture has none", TrainingRun.Swin, Recipe, labels);
        AssertRefused("MixupAlpha 0.8 and CutmixAlpha 1", TrainingRun.LVViT, Recipe with { Augmentation = AugmentationOptions.DeiT }, labels);
        AssertRefused("takes images of 12 pixels", TrainingRun.LVViT with { ImageSize = 16 }, Recipe, labels);
        AssertRefused("class names that differ", TrainingRun.LVViT, Recipe, TokenLabels.FromTeacher(Teacher("a", "b", "c")));
        AssertRefused("ClassWeight NaN is not accepted", TrainingRun.LVViT, Recipe, labels with { ClassWeight = double.NaN });
        AssertRefused("TokenWeight 1E-31 is not accepted", TrainingRun.LVViT, Recipe, labels with { TokenWeight = 1e-31 });
        AssertRefused("are both 0", TrainingRun.LVViT, Recipe, labels with { ClassWeight = 0, TokenWeight = 0 });
        AssertRefused("LabelShare 1.5 is not accepted", TrainingRun.LVViT, Recipe, labels with { LabelShare = 1.5 });

        static void AssertRefused(string message, Architecture architecture, TrainingRecipe recipe, TokenLabels labels)
        {
            var trainer = new Trainer(architecture, recipe) { TokenLabels = labels };
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.Fit(Training)).Message, message);
        }
    }

    [TestMethod]
    public void Tokens_of_a_teacher_are_learned()
    {
        // The student sees no label of the data set, only what the teacher says.
        var recipe = new TrainingRecipe
        {
            Epochs = 8, BatchSize = 10, LearningRate = 5e-3, WarmupEpochs = 1, DropPathRate = 0, EmaDecay = 0.9, Augmentation = new(), Seed = 3,
        };
        InMemoryImageDataset training = TrainingRun.Dataset(120, seed: 5);
        InMemoryImageDataset validation = TrainingRun.Dataset(60, seed: 6);
        RePaViTModel teacher = new Trainer(TrainingRun.PoolFormer, recipe).Fit(training).Model;
        Assert.IsGreaterThan(0.9, teacher.Evaluate(validation).Accuracy);

        var shuffled = new InMemoryImageDataset(
            Enumerable.Range(0, training.Count).Select(training.GetImage), Enumerable.Range(0, training.Count).Select(i => i / 40), training.ClassNames);
        var trainer = new Trainer(TrainingRun.LVViT, recipe) { TokenLabels = TokenLabels.FromTeacher(teacher) };
        RePaViTModel student = trainer.Fit(shuffled).Model;
        Assert.IsGreaterThan(0.8, student.Evaluate(validation).Accuracy);
        Assert.IsGreaterThan(0.8, student.Reparameterize().Evaluate(validation).Accuracy);
    }

    private static Trainer Trainer(TokenLabels? labels, int threads, string? checkpoint = null)
        => new(TrainingRun.LVViT, Recipe, new TrainerOptions { Threads = threads, CheckpointPath = checkpoint }) { TokenLabels = labels };

    private static RePaViTModel Teacher(params string[] classNames) => new(
        TrainingRun.Mixer,
        NetworkForm.Trained,
        RandomWeights.Network(TrainingRun.Mixer, seed: 4).Weights,
        classNames.Length == 0 ? Training.ClassNames : classNames);

    private static string WriteFile(TemporaryFolder folder)
    {
        string path = folder.File("labels.safetensors");
        TokenLabelFile.Write(path, Teacher(), Training, classesPerPlace: 2);
        return path;
    }

    private static byte[] Bytes(TrainingResult result) => TrainingRun.Bytes(result.Model.Weights);
}
