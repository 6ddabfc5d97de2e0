using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class CheckpointTests
{
    [TestMethod]
    public void Reading_gives_what_was_written()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        byte[] bytes = File.ReadAllBytes(path);
        Checkpoint checkpoint = Checkpoint.Read(path);
        Assert.AreEqual(3, checkpoint.State.Epoch);
        Assert.AreEqual(TrainingRun.Recipe, checkpoint.Run.Recipe);
        Assert.AreEqual(SoftmaxBackend.Architecture, checkpoint.Run.Model.Architecture);
        checkpoint.Write(path);
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void Cut_off_anywhere_it_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        byte[] bytes = File.ReadAllBytes(path);
        for (int length = 0; length < bytes.Length; length += 1 + bytes.Length / 40)
        {
            File.WriteAllBytes(path, bytes.AsSpan(0, length));
            AssertRefused(path);
        }
    }

    [TestMethod]
    public void Other_files_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.safetensors");
        var weights = new NamedTensors();
        weights.Add("head.weight", new WeightTensor([1], 1));
        Safetensors.Write(path, weights);
        StringAssert.Contains(AssertRefused(path).Message, "format");
    }

    [TestMethod]
    [DataRow("state", "\"Epoch\":3", "\"Epoch\":2")]
    [DataRow("state", "\"Epoch\":3", "\"Epoch\":-1")]
    [DataRow("state", "\"Step\":0", "\"Step\":1")]
    [DataRow("state", "\"Step\":0", "\"Step\":1e99")]
    [DataRow("state", "\"Images\":0", "\"Images\":99")]
    [DataRow("state", "\"History\":[", "\"History\":[null,")]
    [DataRow("state", "{\"Epoch\"", "{\"Extra\":1,\"Epoch\"")]
    [DataRow("run", "\"family\":\"vit\"", "\"family\":\"cnn\"")]
    [DataRow("run", "\"Depth\":1", "\"Depth\":0")]
    [DataRow("run", "\"Depth\":1", "\"Depth\":2")]
    [DataRow("run", "\"Epochs\":3", "\"Epochs\":0")]
    [DataRow("run", "\"Optimizer\":\"AdamW\"", "\"Optimizer\":7")]
    [DataRow("run", "\"TrainingImages\":21", "\"TrainingImages\":1")]
    [DataRow("run", "{\"Model\"", "null{\"Model\"")]
    [DataRow("format", "repavit-checkpoint-1", "repavit-checkpoint-2")]
    public void A_header_that_makes_no_sense_is_refused(string key, string original, string replacement)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        Dictionary<string, string> metadata = new(file.Metadata);
        StringAssert.Contains(metadata[key], original);
        metadata[key] = metadata[key].Replace(original, replacement, StringComparison.Ordinal);
        Safetensors.Write(path, file.Tensors, metadata);
        AssertRefused(path);
    }

    [TestMethod]
    [DataRow("engine.head.weight")]
    [DataRow("engine.optimizer.v.head.weight")]
    [DataRow("engine.optimizer.steps")]
    [DataRow("engine.average.head.bias")]
    [DataRow("best.head.bias")]
    public void A_missing_tensor_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        var rest = new NamedTensors();
        foreach ((string other, WeightTensor tensor) in file.Tensors.Where(pair => pair.Key != name))
        {
            rest.Add(other, tensor);
        }

        Assert.AreEqual(file.Tensors.Count - 1, rest.Count);
        Safetensors.Write(path, rest, file.Metadata);
        AssertRefused(path);
    }

    private static string Write(TemporaryFolder folder)
    {
        string path = folder.File("run.safetensors");
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Data(), Data());
        return path;
    }

    private static InvalidDataException AssertRefused(string path)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(
            () => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Data(), Data()));
        StringAssert.Contains(error.Message, path);
        return error;
    }

    private static InMemoryImageDataset Data() => TrainingRun.Dataset(21, seed: 1);
}
