using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Transfer;

namespace RePaViT.Tests.Transfer;

/// <summary>Fine-tuning from the linear classifier on, and whether it is kept.</summary>
[TestClass]
public sealed class FineTuningTests
{
    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(40, seed: 4, classes: 2);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(60, seed: 5, classes: 2);

    // The network stays what it is, whatever a recipe says of idle channels.
    private static readonly TrainingRecipe Recipe =
        TrainingRecipe.FineTune with { Epochs = 15, BatchSize = 8, LearningRate = 5e-3, ChannelIdleMethod = ChannelIdleMethod.Convert };

    private static readonly TransferOptions Options =
        new() { Method = TransferMethod.FineTune, Views = 2, Recipe = Recipe };

    [TestMethod]
    public void What_learns_more_is_kept()
    {
        // A network whose features say little: what it makes of an image hardly depends on it.
        TransferResult result = new TransferLearning(Dull(), Options).Fit(Images, Validation);

        Assert.AreEqual(TransferMethod.FineTune, result.Method, result.Reason);
        Assert.IsTrue(result.FineTunedValidation!.Accuracy > result.LinearValidation!.Accuracy, result.Reason);
        Assert.AreEqual(NetworkForm.Trained, result.Model.Form);
        Assert.AreEqual(result.FineTunedValidation.Accuracy, result.Model.Reparameterize().Evaluate(Validation).Accuracy, 1e-9);
        StringAssert.Contains(result.Reason, "Fine-tuned");
    }

    [TestMethod]
    public void What_learns_no_more_is_not_kept_and_the_classifier_sees_all_images()
    {
        TransferOptions options = Options with { Recipe = Recipe with { LearningRate = 1e-20, WarmupLearningRate = 0, MinimumLearningRate = 0 } };
        RePaViTModel model = TransferLearningTests.Pretrained(TrainingRun.Architecture);
        TransferResult result = new TransferLearning(model, options).Fit(Images);

        Assert.AreEqual(TransferMethod.Linear, result.Method);
        Assert.AreEqual(8, result.LinearValidation!.Images);
        Assert.IsNotNull(result.FineTunedValidation);
        TransferResult linear = new TransferLearning(model, options with { Method = TransferMethod.Linear }).Fit(Images);
        TrainingRun.AssertSameBytes(TransferLearningTests.Saved(linear.Model), TransferLearningTests.Saved(result.Model), "classifier");
    }

    [TestMethod]
    public void A_run_that_diverges_leaves_the_classifier()
    {
        TransferOptions options = Options with { Recipe = Recipe with { LearningRate = 1e6, GradientClipNorm = null } };
        TransferResult result = new TransferLearning(TransferLearningTests.Pretrained(TrainingRun.Architecture), options).Fit(Images);
        Assert.AreEqual(TransferMethod.Linear, result.Method);
        Assert.AreEqual(2, result.Model.Architecture.Classes);
    }

    [TestMethod]
    public void A_cancelled_run_goes_on_where_it_was()
    {
        using var folder = new TemporaryFolder();
        RePaViTModel model = Dull();
        TransferResult expected = new TransferLearning(model, Options).Fit(Images, Validation);

        using var cancellation = new CancellationTokenSource();
        TransferOptions options = Options with { CheckpointFolder = Path.GetDirectoryName(folder.File("x")) };
        TransferResult cancelled = new TransferLearning(model, options).Fit(
            Images, Validation, new CancelInFineTuning(cancellation), cancellation.Token);
        Assert.IsTrue(cancelled.IsCancelled);
        Assert.AreEqual(TransferMethod.Linear, cancelled.Method);

        var seen = new Steps();
        TransferResult actual = new TransferLearning(model, options).Fit(Images, Validation, seen);
        Assert.IsTrue(seen.FirstTrainingStep > 1, $"{seen.FirstTrainingStep}");
        TrainingRun.AssertSameBytes(
            TrainingRun.Bytes(expected.Model.Weights), TrainingRun.Bytes(actual.Model.Weights), "resumed");
    }

    [TestMethod]
    [DataRow(TransferMethod.Linear, 1000, "was requested")]
    [DataRow(TransferMethod.Auto, 50, "too few")]
    [DataRow(TransferMethod.Auto, 1000, null)]
    [DataRow(TransferMethod.FineTune, 2, null)]
    public void The_number_of_images_decides(TransferMethod method, int perClass, string? reason)
    {
        string? obstacle = FineTuning.FindObstacle(method, [perClass, perClass, 0]);
        Assert.AreEqual(reason is null, obstacle is null, obstacle);
        StringAssert.Contains(obstacle ?? "", reason ?? "");
    }

    [TestMethod]
    public void Better_is_what_chance_does_not_explain()
    {
        Assert.IsFalse(FineTuning.IsBetter([true, false], [true, false]));
        Assert.IsFalse(FineTuning.IsBetter([true, true], [true, false]));
        Assert.IsTrue(FineTuning.IsBetter([true, true], [false, false]));
        Assert.IsFalse(FineTuning.IsBetter([true, true, true, false], [false, false, false, true]));
    }

    /// <summary>Features in which the classes hardly differ, before weights that can be trained.</summary>
    private static RePaViTModel Dull()
    {
        ViTArchitecture architecture = TrainingRun.Architecture with { IdleRatio = null };
        NamedTensors drawn = architecture.CreateNetwork(seed: 5).Weights;
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in drawn)
        {
            float scale = name == "patch_embed.proj.weight" ? 0 : 1;
            weights.Add(name, new WeightTensor([.. tensor.Data.ToArray().Select(value => value * scale)], tensor.Shape));
        }

        return new RePaViTModel(architecture, NetworkForm.Trained, weights, ["x", "y", "z"]);
    }

    private sealed class CancelInFineTuning(CancellationTokenSource cancellation) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (value.Training is not null)
            {
                cancellation.Cancel();
            }
        }
    }

    private sealed class Steps : IProgress<TransferProgress>
    {
        public long? FirstTrainingStep { get; private set; }

        public void Report(TransferProgress value) => FirstTrainingStep ??= value.Training?.Step;
    }
}
