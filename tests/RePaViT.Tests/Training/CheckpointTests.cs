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
    [DataRow("state", "\"images\":0", "\"images\":4")]
    [DataRow("state", "\"lossSum\":0", "\"lossSum\":1e999")]
    [DataRow("state", "\"trainingLoss\":", "\"trainingLoss\":-9")]
    [DataRow("state", "\"trainingLoss\":", "\"trainingLoss\":1e999,\"trainingLoss\":")]
    [DataRow("state", "\"trainingAccuracy\":", "\"trainingAccuracy\":9")]
    [DataRow("state", "\"accuracy\":", "\"accuracy\":-9")]
    [DataRow("state", "\"loss\":", "\"loss\":-9")]
    [DataRow("state", "\"images\":21", "\"images\":20")]
    [DataRow("run", "\"class 0\"", "\"class \\ud800\"")]
    [DataRow("run", "\"weightDecay\":", "\"weightDecay\":1e999,\"x\":")]
    [DataRow("run", "\"weightDecay\":0.05", "\"weightDecay\":1e999")]
    [DataRow("state", "\"history\":[", "\"history\":[null,")]
    [DataRow("state", "{\"epoch\"", "{\"extra\":1,\"epoch\"")]
    [DataRow("run", "\"family\":\"vit\"", "\"family\":\"cnn\"")]
    [DataRow("run", "\"family\":\"vit\",", "")]
    [DataRow("run", "\"depth\":1", "\"depth\":0")]
    [DataRow("run", "\"depth\":1", "\"depth\":2")]
    [DataRow("run", "\"epochs\":3", "\"epochs\":0")]
    [DataRow("run", "\"optimizer\":\"adamW\"", "\"optimizer\":7")]
    [DataRow("run", "\"trainingImages\":21", "\"trainingImages\":1")]
    [DataRow("run", "{\"model\"", "null{\"model\"")]
    [DataRow("format", "repavit-checkpoint-1", "repavit-checkpoint-2")]
    [DataRow("format", "repavit-checkpoint-1", "repavit-checkpoint-3")]
    public void A_header_that_makes_no_sense_is_refused(string key, string original, string replacement)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        string text = WithoutHash(file.Metadata)[key];
        StringAssert.Contains(text, original);
        WriteWithoutHash(path, file.Tensors, file.Metadata, key, text.Replace(original, replacement, StringComparison.Ordinal));
        AssertRefused(path);
    }

    [TestMethod]
    [DataRow("avx512\n")]
    [DataRow("two\u0000words")]
    [DataRow(null)]
    public void Names_of_what_computed_are_short(string? names)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        WriteWithoutHash(path, file.Tensors, file.Metadata, "computedWith", names ?? new string('a', 1000));
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
        WriteWithoutHash(path, file.Tensors, file.Metadata, "state", state);
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
        WriteWithoutHash(path, rest, file.Metadata);
        AssertRefused(path);
    }

    [TestMethod]
    [DataRow("engine.head.weight", float.NaN)]
    [DataRow("engine.head.weight", float.PositiveInfinity)]
    [DataRow("engine.blocks.0.mlp.norm2.running_var", -1f)]
    [DataRow("engine.optimizer.m.cls_token", float.NaN)]
    [DataRow("engine.optimizer.v.cls_token", float.NaN)]
    [DataRow("engine.optimizer.v.cls_token", -1e-9f)]
    [DataRow("engine.optimizer.steps", float.PositiveInfinity)]
    [DataRow("engine.average.head.bias", float.NegativeInfinity)]
    [DataRow("engine.average.blocks.0.mlp.norm1.running_var", -1f)]
    [DataRow("best.head.bias", float.NaN)]
    [DataRow("best.blocks.0.mlp.norm1.running_var", -1f)]
    public void A_number_with_which_training_cannot_go_on_is_refused(string name, float value)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        SafetensorsFile file = Safetensors.Read(path);
        var tensors = new NamedTensors();
        foreach ((string other, WeightTensor tensor) in file.Tensors)
        {
            float[] data = tensor.Data.ToArray();
            data[^1] = other == name ? value : data[^1];
            tensors.Add(other, new WeightTensor(data, tensor.Shape));
        }

        WriteWithoutHash(path, tensors, file.Metadata);
        StringAssert.Contains(AssertRefused(path).Message, name.Replace("best.", "", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Without_its_hash_a_checkpoint_is_read()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        byte[] bytes = File.ReadAllBytes(path);
        SafetensorsFile file = Safetensors.Read(path);
        WriteWithoutHash(path, file.Tensors, file.Metadata);
        Checkpoint.Read(path).Write(path);
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void A_damaged_bit_gives_a_refusal_or_the_same_run()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder);
        byte[] bytes = File.ReadAllBytes(path);
        string again = folder.File("again.safetensors");
        for (int i = 0; i < bytes.Length; i += 1 + bytes.Length / 200)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(path, damaged);
            try
            {
                Checkpoint.Read(path).Write(again);
                TrainingRun.AssertSameBytes(bytes, File.ReadAllBytes(again), $"damaged at {i}");
            }
            catch (InvalidDataException exception)
            {
                StringAssert.Contains(exception.Message, path);
            }
        }
    }

    private static string Write(TemporaryFolder folder)
    {
        string path = folder.File("run.safetensors");
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Data(), Data());
        return path;
    }

    /// <summary>As files were before they had a hash, so that what stands behind it is reached.</summary>
    private static void WriteWithoutHash(
        string path, NamedTensors tensors, IReadOnlyDictionary<string, string> metadata, string? key = null, string text = "")
    {
        Dictionary<string, string> texts = WithoutHash(metadata);
        if (key is not null)
        {
            texts[key] = text;
        }

        Safetensors.Write(path, tensors, texts);
    }

    private static Dictionary<string, string> WithoutHash(IReadOnlyDictionary<string, string> metadata)
        => new(metadata.Where(pair => pair.Key != "hash")) { ["format"] = "repavit-checkpoint-1" };

    private static InvalidDataException AssertRefused(string path)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(
            () => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Data(), Data()));
        StringAssert.Contains(error.Message, path);
        return error;
    }

    private static InMemoryImageDataset Data() => TrainingRun.Dataset(21, seed: 1);
}
