using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import.Sources;

[TestClass]
public sealed class StreamSourceTests
{
    private static readonly PretrainedOptions TwoHeads = new() { Heads = 2 };

    [TestMethod]
    [DataRow("timm_vit.safetensors")]
    [DataRow("timm_vit_half.pth")]
    [DataRow("timm_vit_legacy.pth")]
    public void A_stream_is_read_as_often_as_one_likes(string name)
    {
        string path = Path.Combine(PyTorchFiles.Folder, name);
        using var stream = new MemoryStream(File.ReadAllBytes(path));
        stream.Position = 7;
        var source = PretrainedSource.FromStream(stream);
        RePaViTModel expected = RePaViTModel.LoadPretrained(path, TwoHeads);

        for (int time = 0; time < 2; time++)
        {
            RePaViTModel model = RePaViTModel.LoadPretrained(source, TwoHeads);
            Assert.AreEqual(expected.Architecture, model.Architecture);
            Assert.IsTrue(expected.Weights["head.weight"].Data.SequenceEqual(model.Weights["head.weight"].Data));
        }
    }

    [TestMethod]
    public void Files_beside_weights_are_those_of_files_only()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors"), folder.File("x.safetensors"));
        File.WriteAllText(folder.File("config.json"), """{"num_attention_heads": 2}""");

        Assert.AreEqual(2, ((ViTArchitecture)RePaViTModel.LoadPretrained(PretrainedSource.FromFile(folder.File("x.safetensors"))).Architecture).Heads);
        using FileStream stream = File.OpenRead(folder.File("x.safetensors"));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(PretrainedSource.FromStream(stream))).Message;
        StringAssert.Contains(message, "Heads");
        StringAssert.Contains(message, "a stream");
    }

    [TestMethod]
    public void Streams_that_cannot_seek_and_empty_paths_are_refused()
    {
        using var stream = new System.IO.Compression.DeflateStream(new MemoryStream(), System.IO.Compression.CompressionMode.Decompress);
        Assert.ThrowsExactly<ArgumentException>(() => PretrainedSource.FromStream(stream));
        Assert.ThrowsExactly<ArgumentException>(() => PretrainedSource.FromFile(" "));
        using var empty = new MemoryStream();
        Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(PretrainedSource.FromStream(empty)));
        using var index = new MemoryStream("""{"weight_map": {}}"""u8.ToArray());
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(PretrainedSource.FromStream(index))).Message, "index");
    }

    [TestMethod]
    public void Reading_can_be_cancelled()
        => Assert.ThrowsExactly<OperationCanceledException>(() => RePaViTModel.LoadPretrained(
            PretrainedSource.FromFile(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors")), TwoHeads, new CancellationToken(canceled: true)));
}
