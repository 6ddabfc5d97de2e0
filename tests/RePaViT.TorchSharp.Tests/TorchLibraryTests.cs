namespace RePaViT.Torch.Tests;

/// <summary>These run without the native library too.</summary>
[TestClass]
public sealed class TorchLibraryTests
{
    [TestMethod]
    public void What_there_is_is_found_out_without_an_exception()
    {
        TorchLibrary library = TorchLibrary.Current;
        Assert.IsFalse(string.IsNullOrWhiteSpace(library.Reason));
        Assert.IsFalse(library.HasCuda && !library.IsLoaded);
        Assert.AreNotEqual("", CudaDriver.FirstDeviceName());
    }

    [TestMethod]
    public void A_missing_GPU_is_refused_with_the_packages_that_bring_it()
    {
        var library = new TorchLibrary(IsLoaded: true, HasCuda: false, "libtorch finds no NVIDIA GPU.");
        NotSupportedException refusal = Assert.ThrowsExactly<NotSupportedException>(() => library.Device(cuda: true));
        Assert.Contains("libtorch finds no NVIDIA GPU.", refusal.Message);
        Assert.Contains("TorchSharp-cuda-windows", refusal.Message);
        Assert.Contains("TorchSharp-cuda-linux", refusal.Message);
    }

    [TestMethod]
    public void A_missing_library_is_refused_with_its_reason()
    {
        var library = new TorchLibrary(IsLoaded: false, HasCuda: false, "libtorch is not there.");
        foreach (bool cuda in (bool[])[false, true])
        {
            NotSupportedException refusal = Assert.ThrowsExactly<NotSupportedException>(() => library.Device(cuda));
            Assert.Contains("libtorch is not there.", refusal.Message);
        }
    }
}
