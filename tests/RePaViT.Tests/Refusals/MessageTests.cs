using System.Buffers.Binary;
using System.Text;
using RePaViT.Onnx;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Training;

namespace RePaViT.Tests.Refusals;

/// <summary>What messages quote of a file is short, however long it is there.</summary>
[TestClass]
public sealed class MessageTests
{
    private static readonly string Long = new('x', LongTokens.Length);

    [TestMethod]
    public void A_header_of_safetensors_with_long_names_and_values_is_refused_in_few_words()
    {
        var tensors = new NamedTensors();
        tensors.Add("head.weight", new WeightTensor([1, 2], 1, 2));
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors, new Dictionary<string, string> { ["key"] = "value" });
        byte[] file = stream.ToArray();
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        int refused = 0;
        foreach (string header in LongTokens.Each(Encoding.UTF8.GetString(file, 8, length)))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(header);
            refused += RefusesInFewWords(() => Safetensors.Read(
                new MemoryStream([.. BitConverter.GetBytes((ulong)bytes.Length), .. bytes, .. file[(8 + length)..]])));
        }

        Assert.IsGreaterThan(20, refused);
    }

    [TestMethod]
    [DataRow("run")]
    [DataRow("state")]
    [DataRow("format")]
    public void A_checkpoint_with_long_names_and_values_is_refused_in_few_words(string key)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("checkpoint");
        SafetensorsFile file = WriteCheckpoint(path);
        int refused = 0;
        foreach (string text in key == "format" ? [Long] : LongTokens.Each(file.Metadata[key]))
        {
            Safetensors.Write(path, file.Tensors, new Dictionary<string, string>(file.Metadata) { [key] = text });
            refused += RefusesInFewWords(() => TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Resume(Data, Data));
        }

        Assert.IsGreaterThan(key == "format" ? 0 : 20, refused);
    }

    [TestMethod]
    public void A_checkpoint_with_a_tensor_of_a_long_name_is_refused_in_few_words()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("checkpoint");
        SafetensorsFile file = WriteCheckpoint(path);
        file.Tensors.Add($"best.{Long}", new WeightTensor([1], [.. Enumerable.Repeat(1, 10_000)]));
        Safetensors.Write(path, file.Tensors, file.Metadata);
        Assert.AreEqual(1, RefusesInFewWords(() => Checkpoint.Read(path)));
    }

    [TestMethod]
    public void An_ONNX_file_with_long_names_and_values_is_refused_in_few_words()
    {
        using var folder = new TemporaryFolder();
        WriteCheckpoint(folder.File("checkpoint"));
        string description = Checkpoint.Read(folder.File("checkpoint")).Run.Model.ToJson();
        int refused = 0;
        foreach (string text in LongTokens.Each(description))
        {
            refused += RefusesInFewWords(() => ReadOnnx(("repavit.format", "1"), ("repavit.model", text)));
        }

        Assert.IsGreaterThan(50, refused);
        Assert.AreEqual(1, RefusesInFewWords(() => ReadOnnx(("repavit.format", Long), ("repavit.model", description))));
        Assert.AreEqual(1, RefusesInFewWords(() => ReadOnnx(($"repavit.{Long}", ""), ($"repavit.{Long}", ""))));
    }

    private static InMemoryImageDataset Data => TrainingRun.Dataset(21, seed: 1);

    private static SafetensorsFile WriteCheckpoint(string path)
    {
        TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: path).Fit(Data, Data);
        return Safetensors.Read(path);
    }

    private static void ReadOnnx(params (string Key, string Value)[] metadata)
    {
        var file = new ProtobufMessage();
        foreach ((string key, string value) in metadata)
        {
            var entry = new ProtobufMessage();
            entry.Add(OnnxSchema.Entry.Key, key);
            entry.Add(OnnxSchema.Entry.Value, value);
            file.Add(OnnxSchema.Model.Metadata, entry);
        }

        using var stream = new MemoryStream();
        file.WriteTo(stream);
        stream.Position = 0;
        OnnxReader.Read(stream);
    }

    /// <summary>1 if it refuses, 0 if it does not.</summary>
    private static int RefusesInFewWords(Action read)
    {
        try
        {
            read();
            return 0;
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException)
        {
            LongTokens.AssertShort(exception);
            return 1;
        }
    }
}
