using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Transfer;

namespace RePaViT.Tests.Transfer;

/// <summary>Features are computed once, whatever happens in between.</summary>
[TestClass]
public sealed class FeatureStoreTests
{
    private const string FileName = "features.safetensors";

    private static readonly InMemoryImageDataset Images = TrainingRun.Dataset(150, seed: 4, classes: 4);

    private static readonly RePaViTModel Model = TransferLearningTests.Pretrained(TrainingRun.Architecture);

    [TestMethod]
    public void What_is_kept_is_not_computed_again()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(FileName);
        FeatureSet expected = Compute(new FeatureStore(path, "origin", 30));
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(path).Tensors)
        {
            CollectionAssert.AreEqual(new[] { 2, 30 }, tensor.Shape.ToArray(), name);
        }

        var marked = new FeatureStore(path, "origin", 30);
        string first = Safetensors.Read(path).Tensors.First().Key;
        float[] mark = [.. Enumerable.Repeat(7f, 60)];
        marked.Add(first, mark);
        FeatureSet actual = Compute(marked);
        Assert.AreEqual(1, actual.Images.Zip(expected.Images).Count(pair => !pair.First.SequenceEqual(pair.Second)));
        CollectionAssert.Contains(actual.Images, mark);
    }

    [TestMethod]
    public void A_cancelled_run_goes_on_and_ends_with_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        TransferOptions options = new() { Method = TransferMethod.Linear, Views = 2 };
        byte[] expected = TransferLearningTests.Saved(new TransferLearning(Model, options).Fit(Images).Model);

        options = options with { CheckpointFolder = Path.GetDirectoryName(folder.File(FileName)) };
        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new TransferLearning(Model, options).Fit(Images, progress: new Cancelling(cancellation), cancellationToken: cancellation.Token));
        int kept = Safetensors.Read(folder.File(FileName)).Tensors.Count;
        Assert.IsTrue(kept > 0 && kept < Images.Count, $"{kept}");

        TransferResult result = new TransferLearning(Model, options).Fit(Images);
        TrainingRun.AssertSameBytes(expected, TransferLearningTests.Saved(result.Model), "resumed");
        Assert.AreEqual(Images.Count, Safetensors.Read(folder.File(FileName)).Tensors.Count);
    }

    [TestMethod]
    public void Features_of_another_model_are_replaced()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(FileName);
        Compute(new FeatureStore(path, "another", 30));
        var store = new FeatureStore(path, "origin", 30);
        string name = Safetensors.Read(path).Tensors.First().Key;
        Assert.IsFalse(store.TryGet(name, 2, out _));
        Compute(store);
        Assert.AreEqual("origin", Safetensors.Read(path).Metadata["origin"]);
    }

    [TestMethod]
    public void A_file_that_is_damaged_or_of_another_kind_is_refused_and_stays()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(FileName);
        Compute(new FeatureStore(path, "origin", 30));
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        AssertRefused(bytes);
        AssertRefused(bytes[..^1]);
        AssertRefused([1, 2, 3]);
        Safetensors.Write(path, Model.Weights);
        AssertRefused(File.ReadAllBytes(path));

        void AssertRefused(byte[] content)
        {
            File.WriteAllBytes(path, content);
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => new FeatureStore(path, "origin", 30)).Message, path);
            CollectionAssert.AreEqual(content, File.ReadAllBytes(path));
        }
    }

    private static FeatureSet Compute(FeatureStore store)
        => new FeatureComputation(Model.Reparameterize(), new AugmentationOptions(), seed: 0, store)
            .Run(Images, views: 2, _ => { }, CancellationToken.None);

    private sealed class Cancelling(CancellationTokenSource cancellation) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => cancellation.Cancel();
    }
}
