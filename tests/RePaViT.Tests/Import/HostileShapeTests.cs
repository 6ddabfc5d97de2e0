using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Sizes that cost a file nothing to say: no memory is taken for them.</summary>
[TestClass]
public sealed class HostileShapeTests
{
    // A network of a few thousand values, and what reading any file takes.
    private const long MostMemory = 16 << 20;

    private const string Mask = "layers.0.blocks.1.attn_mask";

    [TestMethod]
    [DataRow(1 << 4)]
    [DataRow(1 << 22)]
    [DataRow(46340 * 46340)]
    [DataRow(2_000_000_000)]
    public void Masks_without_values_may_be_of_any_image(int windows)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("x.safetensors"), "original_swin.safetensors", (Mask, new WeightTensor([], windows, 0, 0)));

        AssertReadOrRefused(folder.File("x.safetensors"), new PretrainedOptions());
    }

    [TestMethod]
    [DataRow("timm_swin.safetensors", 16384)]
    [DataRow("timm_swin.safetensors", int.MaxValue)]
    [DataRow("timm_swin.safetensors", -16)]
    [DataRow("huggingface_vit.safetensors", 16384)]
    [DataRow("huggingface_vit.safetensors", 0)]
    public void An_image_size_beside_a_file_takes_no_memory(string name, int size)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("x.safetensors"), name);
        File.WriteAllText(folder.File("config.json"), $$"""{"image_size": {{size}}, "num_attention_heads": 2}""");

        AssertReadOrRefused(folder.File("x.safetensors"), new PretrainedOptions());
    }

    [TestMethod]
    [DataRow("timm_vit.safetensors", "patch_embed.proj.weight", new[] { 8, 3, 0, 0 })]
    [DataRow("timm_vit.safetensors", "patch_embed.proj.weight", new[] { 0, 3, 8, 8 })]
    [DataRow("timm_vit.safetensors", "patch_embed.proj.weight", new[] { 2_000_000_000, 1, 0, 8 })]
    [DataRow("timm_vit.safetensors", "pos_embed", new[] { 1, 2_000_000_000, 0 })]
    [DataRow("timm_vit.safetensors", "head.weight", new[] { 2_000_000_000, 0 })]
    [DataRow("timm_vit.safetensors", "blocks.0.mlp.fc1.weight", new[] { 2_000_000_000, 0 })]
    [DataRow("timm_swin.safetensors", "layers.0.blocks.0.attn.relative_position_bias_table", new[] { 0, int.MaxValue })]
    [DataRow("timm_swin.safetensors", "layers.0.blocks.0.attn.relative_position_bias_table", new[] { 2147302921, 0 })]
    public void Tensors_without_values_are_refused(string name, string tensor, int[] shape)
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("x.safetensors"), name, (tensor, new WeightTensor([], shape)));

        Assert.IsFalse(AssertReadOrRefused(folder.File("x.safetensors"), new PretrainedOptions { ImageSize = 16 }));
    }

    private static void Write(string path, string fixture, params (string Name, WeightTensor Tensor)[] replaced)
    {
        var tensors = new NamedTensors();
        Dictionary<string, WeightTensor> others = replaced.ToDictionary(item => item.Name, item => item.Tensor);
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(Path.Combine(PyTorchFiles.Folder, fixture)).Tensors)
        {
            tensors.Add(name, others.GetValueOrDefault(name, tensor));
        }

        Safetensors.Write(path, tensors);
    }

    private static bool AssertReadOrRefused(string path, PretrainedOptions options)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isRead = false;
        try
        {
            RePaViTModel.LoadPretrained(path, options);
            isRead = true;
        }
        catch (InvalidDataException exception)
        {
            StringAssert.Contains(exception.Message, path);
        }

        Assert.IsLessThan(MostMemory, GC.GetAllocatedBytesForCurrentThread() - before);
        return isRead;
    }
}
