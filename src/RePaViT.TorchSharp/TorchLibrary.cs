using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>What TorchSharp can do in this process.</summary>
/// <param name="IsLoaded">Whether its native library is loaded: then it can compute at least on the CPU.</param>
/// <param name="HasCuda">Whether it can compute on an NVIDIA GPU.</param>
/// <param name="Reason">Why, in words: the GPU's name, or what is missing.</param>
internal sealed record TorchLibrary(bool IsLoaded, bool HasCuda, string Reason)
{
    private const string NativePart = "LibTorchSharp";
    private const string CudaPackages = "TorchSharp-cuda-windows or TorchSharp-cuda-linux";

    private static readonly Lazy<TorchLibrary> Once = new(Detect);

    /// <summary>Found out once; loads the native library.</summary>
    public static TorchLibrary Current => Once.Value;

    /// <summary>A device to compute on.</summary>
    /// <param name="cuda">An NVIDIA GPU, rather than the CPU.</param>
    /// <exception cref="NotSupportedException">It cannot be used; the message says what is missing.</exception>
    public torch.Device Device(bool cuda)
    {
        if (!IsLoaded || (cuda && !HasCuda))
        {
            throw Refusal(cuda);
        }

        if (!cuda)
        {
            return torch.CPU;
        }

        // TF32 keeps the range of a float and 10 of its 23 bits; products are still added up in 32 bits.
        torch.backends.cuda.matmul.allow_tf32 = true;
        return torch.CUDA;
    }

    /// <summary>The exception for a requested device that cannot be used.</summary>
    public NotSupportedException Refusal(bool cuda) => new(
        $"{(cuda ? "An NVIDIA GPU" : "TorchSharp")} cannot be used: {Reason}"
        + (cuda ? $" The application needs the package {CudaPackages}, an NVIDIA GPU and its driver." : ""));

    private static TorchLibrary Detect()
    {
        try
        {
            return Probe();
        }
        catch (ExternalException failure)
        {
            return new(true, false, $"libtorch cannot use the GPU: {FirstLine(failure)}");
        }
        catch (Exception failure) when (failure
            is NotSupportedException or DllNotFoundException or EntryPointNotFoundException
            or BadImageFormatException or TypeInitializationException or FileNotFoundException or FileLoadException)
        {
            return new(false, false, $"TorchSharp cannot be loaded: {FirstLine(failure)}");
        }
    }

    // Not inlined: where an application leaves TorchSharp out, compiling this already fails.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TorchLibrary Probe()
    {
        // In TorchSharp's own order. If that failed in its hands, it would write pages to the console and copy gigabytes
        // of what it finds in the package cache beside the application.
        // TorchSharp's own package brings its native part, so that can be there without libtorch.
        bool hasTorch = TryLoad("torch_cpu", out string? torchError);
        if (!TryLoad(NativePart, out string? error))
        {
            error = hasTorch ? error : torchError;
            return new(false, false, error is null
                ? $"libtorch is missing (the package TorchSharp-cpu, {CudaPackages} provides it)."
                : $"libtorch cannot be loaded: {error}.");
        }

        if (!torch.TryInitializeDeviceType(DeviceType.CUDA) || torch.cuda.device_count() == 0)
        {
            return new(true, false, CudaDriver.FirstDeviceName() is string name
                ? $"there is an {name}, but libtorch cannot use it: it needs the package {CudaPackages}, and a driver that is new enough for it."
                : "libtorch finds no NVIDIA GPU.");
        }

        // A card that this libtorch has no kernels for shows only when one runs.
        using torch.Tensor probe = torch.ones(1, device: torch.CUDA);
        using torch.Tensor sum = probe + probe;
        using torch.Tensor host = sum.cpu();
        return new(true, true, CudaDriver.FirstDeviceName() ?? "an NVIDIA GPU");
    }

    private static bool TryLoad(string library, out string? error)
    {
        error = null;
        try
        {
            NativeLibrary.Load(library, typeof(torch).Assembly, null);
            return true;
        }
        catch (Exception failure) when (failure is DllNotFoundException or BadImageFormatException)
        {
            error = FindLoadError(library, failure.Message);
            return false;
        }
    }

    /// <summary>
    /// What the system says about a library that exists but does not load, for instance because it needs a newer system:
    /// the first line after the heading that is not about a place where the library was looked for. Null if there is none.
    /// </summary>
    internal static string? FindLoadError(string library, string message) => message
        .Split('\n', StringSplitOptions.TrimEntries)
        .Skip(1)
        .FirstOrDefault(line => line.Length > 0 && !line.Split(": ")[0].Contains(library, StringComparison.Ordinal));

    private static string FirstLine(Exception failure) => failure.GetBaseException().Message.Split('\n')[0].Trim();
}
