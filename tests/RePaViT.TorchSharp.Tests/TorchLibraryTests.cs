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
        var library = new TorchLibrary(IsLoaded: false, HasCuda: false, "libtorch is missing.");
        foreach (bool cuda in (bool[])[false, true])
        {
            NotSupportedException refusal = Assert.ThrowsExactly<NotSupportedException>(() => library.Device(cuda));
            Assert.Contains("libtorch is missing.", refusal.Message);
        }
    }

    [TestMethod]
    [DataRow("/app/libLibTorchSharp.so: cannot open shared object file: No such file or directory", null)]
    [DataRow(
        "/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)",
        "/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)")]
    [DataRow(
        "libc10.so: cannot open shared object file: No such file or directory",
        "libc10.so: cannot open shared object file: No such file or directory")]
    public void A_library_that_is_there_and_does_not_load_is_told_from_one_that_is_not_there(string line, string? expected)
    {
        string message = $"""
            Unable to load shared library 'LibTorchSharp' or one of its dependencies. In order to help diagnose: use strace.
            /app/LibTorchSharp.so: cannot open shared object file: No such file or directory
            {line}

            """;
        Assert.AreEqual(expected, TorchLibrary.FindLoadError("LibTorchSharp", message));
    }

    [TestMethod]
    public void A_library_that_Windows_does_not_find_leaves_nothing_to_say()
        => Assert.IsNull(TorchLibrary.FindLoadError(
            "LibTorchSharp", "Unable to load DLL 'LibTorchSharp' or one of its dependencies: The specified module could not be found."));
}
