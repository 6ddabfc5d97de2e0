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
    [DataRow("state", "\"epoch\":3", "\"epoch\":2")]
    [DataRow("state", "\"epoch\":3", "\"epoch\":-1")]
    [DataRow("state", "\"step\":0", "\"step\":1")]
    [DataRow("state", "\"step\":0", "\"step\":1e99")]
    [DataRow("state", "\"images\":0", "\"images\":99")]
    [DataRow("state", "\"history\":[", "\"history\":[null,")]
    [DataRow("state", "{\"epoch\"", "{\"extra\":1,\"epoch\"")]
    [DataRow("run", "\"family\":\"vit\"", "\"family\":\"cnn\"")]
    [DataRow("run", "\"depth\":1", "\"depth\":0")]
    [DataRow("run", "\"depth\":1", "\"depth\":2")]
    [DataRow("run", "\"epochs\":3", "\"epochs\":0")]
    [DataRow("run", "\"optimizer\":\"adamW\"", "\"optimizer\":7")]
    [DataRow("run", "\"trainingImages\":21", "\"trainingImages\":1")]
    [DataRow("run", "{\"model\"", "null{\"model\"")]
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
    [DataRow("null")]
    [DataRow("{}")]
    [DataRow("{\"epoch\":1,\"history\":null}")]
    [DataRow("{\"epoch\":1,\"history\":[null]}")]
    [DataRow("{\"epoch\":1,\"history\":[{\"epoch\":2,\"trainingLoss\":1,\"trainingAccuracy\":1,\"validation\":null}]}")]
    [DataRow("{\"epoch\":1,\"history\":[{\"epoch\":1,\"trainingLoss\":1,\"trainingAccuracy\":1,\"validation\":null}]}")]
    public void A_state_that_is_none_of_this_run_is_refused(string state)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        Safetensors.Write(path, file.Tensors, new Dictionary<string, string>(file.Metadata) { ["state"] = state });
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
