using System.Runtime.InteropServices;
using System.Text;

namespace RePaViT.Torch;

/// <summary>The name of the GPU, which TorchSharp does not tell, from NVIDIA's driver.</summary>
internal static class CudaDriver
{
    private const int Success = 0;
    private const int MaxNameLength = 256;

    private delegate int Initialize(uint flags);

    private delegate int GetDevice(out int device, int ordinal);

    private delegate int GetName([Out] byte[] name, int length, int device);

    /// <summary>For instance "NVIDIA H200"; null if there is no driver or it does not say.</summary>
    public static string? FirstDeviceName()
    {
        string library = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(library, out nint driver))
        {
            return null;
        }

        byte[] name = new byte[MaxNameLength];
        return Find<Initialize>(driver, "cuInit") is { } initialize
            && Find<GetDevice>(driver, "cuDeviceGet") is { } getDevice
            && Find<GetName>(driver, "cuDeviceGetName") is { } getName
            && initialize(0) == Success
            && getDevice(out int device, 0) == Success
            && getName(name, name.Length, device) == Success
                ? Encoding.UTF8.GetString(name.AsSpan(0, Math.Max(0, Array.IndexOf(name, (byte)0))))
                : null;
    }

    private static T? Find<T>(nint library, string function)
        where T : Delegate
        => NativeLibrary.TryGetExport(library, function, out nint address)
            ? Marshal.GetDelegateForFunctionPointer<T>(address)
            : null;
}
