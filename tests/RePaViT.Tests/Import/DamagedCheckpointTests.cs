using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Checkpoints that lost their end.</summary>
[TestClass]
public sealed class DamagedCheckpointTests
{
    private static readonly PretrainedOptions Options = new() { Heads = 2, ImageSize = 16 };

    [TestMethod]
    [DataRow("timm_vit_half.pth")]
    [DataRow("views_legacy.pth")]
    [DataRow("timm_vit.safetensors")]
    public void A_file_that_was_cut_off_is_refused(string name)
    {
        byte[] good = File.ReadAllBytes(Path.Combine(PyTorchFiles.Folder, name));
        using var folder = new TemporaryFolder();
        for (int length = 1; length < good.Length; length += 1 + good.Length / 97)
        {
            File.WriteAllBytes(folder.File(name), good[..length]);
            Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File(name), Options), $"{name}, {length} bytes");
        }
    }
}
