using System.Text;
using RePaViT.Import.Files;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>What PyTorch 2.6 wrote: views of shared storages, all types, all formats.</summary>
[TestClass]
public sealed class CheckpointFileTests
{
    [TestMethod]
    [DataRow("views.pth")]
    [DataRow("views_legacy.pth")]
    [DataRow("views_protocol4.pth")]
    public void Views_and_types_are_read_as_PyTorch_has_them(string name)
    {
        using CheckpointFile file = CheckpointFile.Open(Path.Combine(PyTorchFiles.Folder, name));
        Dictionary<string, StoredTensor> tensors = file.Sections.Single().Tensors.ToDictionary(tensor => tensor.Name);
        float[] whole = [.. Enumerable.Range(0, 24).Select(i => (float)i)];

        Assert.HasCount(13, tensors);
        Check("whole", [4, 6], whole);
        Check("slice", [2, 6], whole[6..18]);
        Check("transposed", [6, 4], [.. Enumerable.Range(0, 24).Select(i => whole[i % 4 * 6 + i / 4])]);
        Check("column", [4], [2, 8, 14, 20]);
        Check("spread", [3, 1], [0, 0, 0]);
        Check("half", [2], [1.5f, -2.25f]);
        Check("bfloat", [2], [3, -0.5f]);
        Check("double", [1, 1], [0.1f]);
        Check("count", [], [7]);
        Check("scalar", [], [2.5f]);
        Check("empty", [0, 3], []);
        Check("parameter", [1], [4]);
        Assert.ThrowsExactly<InvalidDataException>(() => tensors["flags"].Read());

        void Check(string tensor, int[] shape, float[] values)
        {
            WeightTensor read = tensors[tensor].Read();
            CollectionAssert.AreEqual(shape, read.Shape.ToArray(), tensor);
            CollectionAssert.AreEqual(values, read.Data.ToArray(), tensor);
        }
    }

    /// <summary>The length of a header may begin as a pickle, an archive or an index does.</summary>
    [TestMethod]
    [DataRow(0x80)]
    [DataRow(0x7b)]
    [DataRow(0x4b50)]
    public void Content_decides_what_a_file_is(int headerLength)
    {
        string json = """{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""".PadRight(headerLength);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("x"), [.. BitConverter.GetBytes((long)headerLength), .. Encoding.ASCII.GetBytes(json), .. PyTorchFiles.Bytes(5)]);

        using CheckpointFile file = CheckpointFile.Open(folder.File("x"));

        CollectionAssert.AreEqual(new[] { 5f }, file.Sections.Single().Tensors.Single().ReadValues());
    }

    [TestMethod]
    public void An_index_leads_to_several_files()
    {
        using var folder = new TemporaryFolder();
        Safetensors.Write(folder.File("1.safetensors"), new NamedTensors { { "a", new WeightTensor([1], 1) }, { "b", new WeightTensor([2], 1) } });
        File.WriteAllBytes(folder.File("2.bin"), PyTorchFiles.Archive(
            Pickle.Of(Pickle.Dictionary(("c", Pickle.Tensor(Pickle.Storage("0", 1), 0, [1], [1])))), ("0", PyTorchFiles.Bytes(3))));
        File.WriteAllText(folder.File("index.json"), """{"metadata": {}, "weight_map": {"a": "1.safetensors", "c": "2.bin"}}""");

        using CheckpointFile file = CheckpointFile.Open(folder.File("index.json"));

        CollectionAssert.AreEqual(new[] { "a", "c" }, file.Sections.Single().Tensors.Select(tensor => tensor.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 1f, 3f }, file.Sections.Single().Tensors.SelectMany(tensor => tensor.ReadValues()).ToArray());
        Assert.AreEqual(Directory.GetFiles(folder.Path).Sum(path => new FileInfo(path).Length), file.Length);
    }

    [TestMethod]
    [DataRow("""{"weight_map": {"a": "../1.safetensors"}}""", "../1.safetensors")]
    [DataRow("""{"weight_map": {"a": "/etc/passwd"}}""", "/etc/passwd")]
    [DataRow("""{"weight_map": {"a": "C:1"}}""", "C:1")]
    [DataRow("""{"weight_map": {"a": ".."}}""", "..")]
    [DataRow("""{"weight_map": {"a": ""}}""", "not accepted")]
    [DataRow("""{"weight_map": {"a": "2.safetensors"}}""", "2.safetensors")]
    [DataRow("""{"weight_map": {"z": "1.safetensors"}}""", "'z'")]
    [DataRow("""{"weight_map": {"a": "index.json"}}""", "a file of tensors")]
    [DataRow("""{"weight_map": {"a": 1}}""", "'a'")]
    [DataRow("""{"weight_map": {"a": "1.safetensors", "a": "1.safetensors"}}""", "'a'")]
    [DataRow("""{"weight_map": []}""", "weight_map")]
    [DataRow("""{}""", "weight_map")]
    [DataRow("""{"weight_map": {"a": "\ud800"}}""", "not JSON")]
    [DataRow("""{"weight_map": {""", "not JSON")]
    public void An_index_that_is_not_of_weights_is_refused(string json, string named)
    {
        using var folder = new TemporaryFolder();
        Safetensors.Write(folder.File("1.safetensors"), new NamedTensors { { "a", new WeightTensor([1], 1) } });
        File.WriteAllText(folder.File("index.json"), json);

        var exception = Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFile.Open(folder.File("index.json")).Dispose());

        StringAssert.Contains(exception.Message, named);
        StringAssert.Contains(exception.Message, "index.json");

        // Nothing stays open.
        File.Delete(folder.File("1.safetensors"));
    }

    [TestMethod]
    public void An_index_names_files_that_a_folder_can_hold()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("index.json"), "{\"weight_map\": {\"a\": \"" + new string('x', 5000) + "\"}}");

        var exception = Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFile.Open(folder.File("index.json")).Dispose());

        StringAssert.Contains(exception.Message, "index.json");
        Assert.IsLessThan(1000, exception.Message.Length);
    }

    [TestMethod]
    public void Other_files_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.pth");
        foreach (byte[] content in new byte[][] { [1], [.. "PK\x03\x04"u8], [.. "PK\x03\x04"u8, .. new byte[50]], [0x80], [0x80, 2, (byte)'.'], [.. "ustar"u8], Pickle.Of(Pickle.None) })
        {
            File.WriteAllBytes(path, content);
            var exception = Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFile.Open(path).Dispose());
            StringAssert.Contains(exception.Message, path);
        }

        Assert.ThrowsExactly<FileNotFoundException>(() => CheckpointFile.Open(folder.File("missing")));
        Assert.ThrowsExactly<UnauthorizedAccessException>(() => CheckpointFile.Open(folder.Path));
    }
}
