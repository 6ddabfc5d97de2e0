using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Transfer;

/// <summary>A pretrained network and other classes.</summary>
[TestClass]
public sealed class TransferLearningTests
{
    /// <summary>Features of 30 numbers up to 3 and weights up to 3, multiplied and added up in floats in another order.</summary>
    private const double LogitTolerance = 1e-4;

    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(24, seed: 4, classes: 4);

    private static readonly TransferOptions Linear = new() { Method = TransferMethod.Linear, Views = 3 };

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void The_head_is_the_classifier_and_all_else_stays(Architecture architecture)
    {
        foreach (RePaViTModel model in Forms(architecture))
        {
            TransferResult result = new TransferLearning(model, Linear).Fit(Images);

            Assert.AreEqual(4, result.Model.Architecture.Classes);
            Assert.AreEqual(model.Form, result.Model.Form);
            CollectionAssert.AreEqual(Images.ClassNames.ToArray(), result.Model.ClassNames.ToArray());
            AssertSameBesidesHead(model, result.Model);
            AssertAnswersOfClassifier(result.Model);
        }
    }

    [TestMethod]
    public void It_learns_what_features_tell_and_says_how_sure_that_is()
    {
        TransferResult result = new TransferLearning(Pretrained(TrainingRun.Architecture), Linear).Fit(Images);
        double accuracy = result.Model.Evaluate(TrainingRun.Dataset(100, seed: 5, classes: 4)).Accuracy;

        // Three colors for four classes: two of them look the same.
        Assert.IsTrue(accuracy >= 0.6, $"{accuracy}");
        Assert.AreEqual(24, result.CrossValidation!.Images);
        Assert.IsTrue(Math.Abs(result.CrossValidation.Accuracy - accuracy) <= 0.25, $"{result.CrossValidation}, {accuracy}");
        Assert.AreEqual(TransferMethod.Linear, result.Method);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bytes_on_any_number_of_threads()
    {
        RePaViTModel model = Pretrained(TrainingRun.Architecture);
        byte[] expected = Saved(new TransferLearning(model, Linear with { Threads = 1 }).Fit(Images).Model);
        TrainingRun.AssertSameBytes(expected, Saved(new TransferLearning(model, Linear with { Threads = 3 }).Fit(Images).Model), "threads");
        Assert.IsFalse(expected.AsSpan().SequenceEqual(Saved(new TransferLearning(model, Linear with { Seed = 1 }).Fit(Images).Model)));
    }

    [TestMethod]
    [DataRow(new[] { 0, 0, 1, 1, 2, 2 }, DisplayName = "two images of each class")]
    [DataRow(new[] { 0, 0, 0, 0, 0, 1 }, DisplayName = "one image of a class, and none of another")]
    [DataRow(new[] { 0, 1 }, DisplayName = "one image of each")]
    public void Few_images_are_enough_to_answer_with(int[] labels)
    {
        var dataset = new InMemoryImageDataset(labels.Select(label => Images.GetImage(label)), labels, ["a", "b", "c"]);
        TransferResult result = new TransferLearning(Pretrained(TrainingRun.Architecture), new TransferOptions()).Fit(dataset);
        Assert.AreEqual(1, result.Model.Evaluate(dataset).Accuracy);
        Assert.AreEqual(TransferMethod.Linear, result.Method);
    }

    [TestMethod]
    public void What_cannot_be_learned_is_refused()
    {
        RePaViTModel model = Pretrained(TrainingRun.Architecture);
        var one = new InMemoryImageDataset([Images.GetImage(0), Images.GetImage(4)], [0, 0], ["a", "b"]);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => new TransferLearning(model).Fit(one)).Message, "at least two classes");
        AssertRefused(new TransferOptions { Views = 0 }, "Views 0");
        AssertRefused(new TransferOptions { Penalty = 0 }, "Penalty 0");
        AssertRefused(new TransferOptions { Penalty = double.NaN }, "Penalty NaN");
        AssertRefused(new TransferOptions { Method = (TransferMethod)7 }, "Method 7");
        AssertRefused(new TransferOptions { CheckpointFolder = "/not/there" }, "'/not/there'");

        void AssertRefused(TransferOptions options, string reason)
            => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new TransferLearning(model, options)).Message, reason);
    }

    /// <summary>A model of other classes.</summary>
    internal static RePaViTModel Pretrained(Architecture architecture) => new(
        architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 1).Weights, ["x", "y", "z"]);

    internal static byte[] Saved(RePaViTModel model)
    {
        using var stream = new MemoryStream();
        model.Save(stream);
        return stream.ToArray();
    }

    /// <summary>As trained, deployed, and read from a file.</summary>
    private static RePaViTModel[] Forms(Architecture architecture)
    {
        RePaViTModel trained = Pretrained(architecture);
        using var stream = new MemoryStream(Saved(trained.Reparameterize()));
        return [trained, trained.Reparameterize(), RePaViTModel.Load(stream)];
    }

    private static void AssertSameBesidesHead(RePaViTModel before, RePaViTModel after)
    {
        foreach ((string name, WeightTensor tensor) in before.Network.Weights)
        {
            // A projection is part of the head, and a linear classifier has none.
            if (!name.Contains("head", StringComparison.Ordinal) && name != "projection.weight")
            {
                Assert.IsTrue(tensor.Data.SequenceEqual(after.Network.Weights[name].Data), name);
            }
        }
    }

    private static void AssertAnswersOfClassifier(RePaViTModel model)
    {
        FeatureExtractor extractor = model.CreateExtractor();
        float[] weight = [.. model.Network.Weights["head.weight"].Data];
        float[] bias = [.. model.Network.Weights["head.bias"].Data];
        float[] planes = new float[3 * 12 * 12];
        float[] logits = new float[bias.Length];
        for (int image = 0; image < Images.Count; image++)
        {
            model.Preprocessing.Prepare(Images.GetImage(image), 12, planes);
            model.ComputeLogits(planes, logits);
            float[] features = extractor.Compute(Images.GetImage(image));
            for (int c = 0; c < bias.Length; c++)
            {
                double expected = bias[c] + features.Select((value, i) => (double)value * weight[c * features.Length + i]).Sum();
                Assert.IsTrue(Math.Abs(expected - logits[c]) <= LogitTolerance, $"{image}, {c}: {expected}, {logits[c]}");
            }
        }
    }
}
