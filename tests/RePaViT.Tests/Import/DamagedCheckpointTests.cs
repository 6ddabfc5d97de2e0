using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Checkpoints with damage of any kind are read or refused, and nothing else.</summary>
[TestClass]
public sealed class DamagedCheckpointTests
{
    private const int FilesOfAKind = 250;

    // A network of a few thousand values, and what reading any file takes.
    private const long MostMemory = 16 << 20;

    private static readonly PretrainedOptions Options = new() { Heads = 2, ImageSize = 16 };

    [TestMethod]
    [DataRow("timm_vit_half.pth")]
    [DataRow("timm_vit_legacy.pth")]
    [DataRow("torchvision_swin.pth")]
    [DataRow("huggingface_vit.safetensors")]
    public void Damage_is_refused_or_harmless(string name)
    {
        byte[] good = File.ReadAllBytes(Path.Combine(PyTorchFiles.Folder, name));
        using var folder = new TemporaryFolder();
        for (int number = 0; number < FilesOfAKind; number++)
        {
            File.WriteAllBytes(folder.File(name), Damage.Some(good, number));
            AssertReadOrRefused(folder.File(name), $"{name}, {number}");
        }
    }

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

    private static void AssertReadOrRefused(string path, string what)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            RePaViTModel.LoadPretrained(path, Options);
        }
        catch (InvalidDataException exception)
        {
            StringAssert.Contains(exception.Message, path, what);
        }

        Assert.IsLessThan(MostMemory, GC.GetAllocatedBytesForCurrentThread() - before, what);
    }
}
