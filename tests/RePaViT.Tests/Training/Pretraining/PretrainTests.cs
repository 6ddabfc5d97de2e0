using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Pretraining;

namespace RePaViT.Tests.Training.Pretraining;

/// <summary>Whole runs without labels, and what is trained with labels from there on.</summary>
[TestClass]
public sealed class PretrainTests
{
    private static readonly SelfDistillation Options = new()
    {
        Epochs = 3, BatchSize = 4, LearningRate = 2e-3, LocalCrops = 2, Prototypes = 16, HiddenDim = 20, BottleneckDim = 8, TeacherMomentum = 0.9,
    };

    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with { ChannelIdleMethod = ChannelIdleMethod.Train };

    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(18, seed: 4);

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Every_family_learns_without_labels_and_is_trained_with_them_afterwards(Architecture architecture)
    {
        TrainingResult pretrained = new Trainer(architecture, Recipe).Pretrain(Images, Options);

        Assert.HasCount(3, pretrained.History);
        Assert.AreEqual(architecture with { Classes = 1 }, pretrained.Model.Architecture);
        AssertDeployedIsTheSame(pretrained.Model);

        TrainingResult tuned = new Trainer(architecture, Recipe with { Epochs = 1 }) { InitialModel = pretrained.Model }.Fit(TrainingRun.Dataset(18, seed: 4));
        Assert.AreEqual(architecture, tuned.Model.Architecture);
        Assert.IsTrue(float.IsFinite((float)tuned.History[0].TrainingLoss));

        // What is between features and head is not trained here, but can be afterwards.
        Assert.IsTrue(tuned.Model.Weights.All(pair => pair.Key.EndsWith("bias", StringComparison.Ordinal) || pair.Value.ToArray().Any(value => value != 0)));
    }

    [TestMethod]
    public void The_model_is_the_teacher_and_its_features_are_what_it_learned()
    {
        RePaViTModel[] models = [Pretrain(Options), Pretrain(Options with { Epochs = 6 })];

        float[][] features = [.. models.Select(model =>
        {
            float[] values = new float[30];
            model.CreateExtractor("features").Compute(RandomWeights.Floats(3 * 12 * 12, seed: 2), values);
            return values;
        })];
        CollectionAssert.AreNotEqual(features[0], features[1]);
        CollectionAssert.AreEqual(new[] { "image" }, models[0].ClassNames.ToArray());
        float[] logit = new float[1];
        models[0].ComputeLogits(RandomWeights.Floats(3 * 12 * 12, seed: 2), logit);
        Assert.AreEqual(0, logit[0]);
    }

    [TestMethod]
    public void Threads_change_no_bit()
    {
        byte[] expected = TrainingRun.Bytes(Pretrain(Options, threads: 1).Weights);
        foreach (int threads in new[] { 2, 3 })
        {
            TrainingRun.AssertSameBytes(expected, TrainingRun.Bytes(Pretrain(Options, threads).Weights), $"{threads} threads");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_run_that_is_interrupted_ends_with_the_same_bytes(int epoch)
    {
        using var folder = new TemporaryFolder();
        byte[] expected = TrainingRun.Bytes(Pretrain(Options).Weights);
        var options = new TrainerOptions { CheckpointPath = folder.File("run.safetensors"), CheckpointEverySteps = 1 };
        using var cancellation = new CancellationTokenSource();
        TrainingResult interrupted = new Trainer(TrainingRun.Architecture, Recipe, options)
            .Pretrain(Images, Options, new AfterEpoch(epoch, cancellation.Cancel), cancellation.Token);
        Assert.IsTrue(interrupted.IsCancelled);

        TrainingResult resumed = new Trainer(TrainingRun.Architecture, Recipe, options).ResumePretraining(Images, Options);

        TrainingRun.AssertSameBytes(expected, TrainingRun.Bytes(resumed.Model.Weights), $"after epoch {epoch}");
        Assert.HasCount(3, resumed.History);
    }

    [TestMethod]
    public void What_is_not_trained_without_labels_is_found_again_too()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainerOptions { CheckpointPath = folder.File("run.safetensors") };
        RePaViTModel initial = new Trainer(TrainingRun.Compared, Recipe with { Epochs = 1 }).Fit(Images).Model;
        TrainingResult result = new Trainer(TrainingRun.Compared, Recipe, options) { InitialModel = initial }.Pretrain(Images, Options);

        // Of the projection, a run that is resumed knows only what the checkpoint says.
        TrainingResult resumed = new Trainer(TrainingRun.Compared, Recipe, options).ResumePretraining(Images, Options);

        CollectionAssert.AreEqual(initial.Weights["projection.weight"].ToArray(), result.Model.Weights["projection.weight"].ToArray());
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(result.Model.Weights), TrainingRun.Bytes(resumed.Model.Weights), "resumed at the end");
    }

    [TestMethod]
    public void A_checkpoint_of_another_run_is_refused_with_what_differs()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainerOptions { CheckpointPath = folder.File("run.safetensors") };
        Trainer trainer = new(TrainingRun.Architecture, Recipe, options);
        trainer.Pretrain(Images, Options);

        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => trainer.ResumePretraining(Images, Options with { LocalCrops = 3 })).Message, "run.selfDistillation.localCrops is 2");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.Resume(Images)).Message, "belongs to another run");
        trainer.Fit(Images);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainer.ResumePretraining(Images, Options)).Message, "belongs to another run");
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_by_name()
    {
        AssertRefused("LocalCropSize 10", () => Pretrain(Options with { LocalCropSize = 10 }));
        AssertRefused("LocalCropSize 16", () => Pretrain(Options with { LocalCropSize = 16 }));
        AssertRefused("12, that of its images, is accepted", () => new Trainer(TrainingRun.Mixer, Recipe).Pretrain(Images, Options with { LocalCropSize = 8 }));
        AssertRefused("BatchSize 40", () => Pretrain(Options with { BatchSize = 40 }));
        AssertRefused("TeacherMomentum 1", () => Pretrain(Options with { TeacherMomentum = 1 }));
        AssertRefused("WarmupEpochs 4", () => Pretrain(Options with { WarmupEpochs = 4 }));
        AssertRefused("TrainedBlocks", () => new Trainer(TrainingRun.Architecture, Recipe with { TrainedBlocks = 1 }).Pretrain(Images, Options));
        AssertRefused("without labels", () => new Trainer(TrainingRun.Architecture, Recipe)
        {
            Distillation = Distillation.FromFeatures([.. Enumerable.Repeat(new float[3], Images.Count)]),
        }.Pretrain(Images, Options));
    }

    [TestMethod]
    public void Numbers_that_are_left_open_suit_images_and_network()
    {
        var whole = new SelfDistillation();
        SelfDistillation small = whole.Complete(ViTArchitecture.Tiny with { ImageSize = 32, PatchSize = 4 }, 10_000, accumulation: 1);
        Assert.AreEqual((64, 129, 256, 12), (small.BatchSize, small.Epochs, small.Prototypes, small.LocalCropSize));
        Assert.AreEqual((12.9, 38.7), (small.WarmupEpochs!.Value, Math.Round(small.TeacherWarmupEpochs!.Value, 9)));
        Assert.AreEqual((1536, 192), (small.HiddenDim, small.BottleneckDim));

        SelfDistillation large = whole.Complete(ViTArchitecture.Base, 1_281_167, accumulation: 16);
        Assert.AreEqual((64, 20, 32768, 96), (large.BatchSize, large.Epochs, large.Prototypes, large.LocalCropSize));
        Assert.AreEqual((2048, 256), (large.HiddenDim, large.BottleneckDim));

        // Maps of any size; windows and mixed tokens need all of the image.
        Assert.AreEqual(96, whole.Complete(PoolFormerArchitecture.S12, 1000, accumulation: 1).LocalCropSize);
        Assert.AreEqual(224, whole.Complete(MixerArchitecture.S16, 1000, accumulation: 1).LocalCropSize);
    }

    [TestMethod]
    public void A_network_that_is_to_be_converted_is_pretrained_vanilla()
    {
        InMemoryImageDataset images = TrainingRun.Dataset(40, seed: 4);
        var recipe = new TrainingRecipe { Epochs = 1, BatchSize = 8 };
        TrainingResult pretrained = new Trainer(TrainingRun.Architecture, recipe).Pretrain(images, Options);
        Assert.IsTrue(pretrained.Model.Architecture.IsVanilla);

        TrainingResult tuned = new Trainer(TrainingRun.Architecture, recipe) { InitialModel = pretrained.Model }.Fit(images);
        Assert.IsNotNull(tuned.Conversion);
        Assert.IsFalse(tuned.Deploy().Architecture.IsVanilla);
    }

    private static RePaViTModel Pretrain(SelfDistillation options, int? threads = null)
        => new Trainer(TrainingRun.Architecture, Recipe, new TrainerOptions { Threads = threads }).Pretrain(Images, options).Model;

    private static void AssertDeployedIsTheSame(RePaViTModel trained)
    {
        RePaViTModel deployed = trained.Reparameterize();
        float[] images = RandomWeights.Floats(3 * 3 * 12 * 12, seed: 3);
        float[] expected = Features(trained, images);
        Assert.IsLessThan(1e-4, Difference.Relative(expected, Features(deployed, images)));
    }

    private static float[] Features(RePaViTModel model, float[] images)
    {
        FeatureExtractor extractor = model.CreateExtractor("features");
        float[] features = new float[3 * extractor.Rows * extractor.Columns];
        extractor.Compute(images, features);
        return features;
    }

    private static void AssertRefused(string named, Action action)
        => StringAssert.Contains(Assert.Throws<ArgumentException>(action).Message, named);
}
