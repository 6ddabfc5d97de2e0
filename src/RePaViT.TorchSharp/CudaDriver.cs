using System.Runtime.InteropServices;
using System.Text;

namespace RePaViT.Torch;

/// <summary>What NVIDIA's driver says about the GPU and TorchSharp does not.</summary>
internal static class CudaDriver
{
    private const int Success = 0;
    private const int MaxNameLength = 256;
    private const int ComputeCapabilityMajor = 75;
    private const int Ampere = 8;

    private delegate int Initialize(uint flags);

    private delegate int GetDevice(out int device, int ordinal);

    private delegate int GetAttribute(out int value, int attribute, int device);

    private delegate int GetName([Out] byte[] name, int length, int device);

    /// <summary>For instance "NVIDIA H200"; null if there is no driver or it does not say.</summary>
    public static string? FirstDeviceName()
    {
        byte[] name = new byte[MaxNameLength];
        return FirstDevice() is (nint driver, int device)
            && Find<GetName>(driver, "cuDeviceGetName") is { } getName
            && getName(name, name.Length, device) == Success
                ? Encoding.UTF8.GetString(name.AsSpan(0, Math.Max(0, Array.IndexOf(name, (byte)0))))
                : null;
    }

    /// <summary>Whether the GPU multiplies matrices of 16-bit floats with the range of 32-bit ones by itself.</summary>
    public static bool HasBFloat16()
        => FirstDevice() is (nint driver, int device)
            && Find<GetAttribute>(driver, "cuDeviceGetAttribute") is { } getAttribute
            && getAttribute(out int capability, ComputeCapabilityMajor, device) == Success
            && capability >= Ampere;

    private static (nint Driver, int Device)? FirstDevice()
    {
        string library = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        return NativeLibrary.TryLoad(library, out nint driver)
            && Find<Initialize>(driver, "cuInit") is { } initialize
            && Find<GetDevice>(driver, "cuDeviceGet") is { } getDevice
            && initialize(0) == Success
            && getDevice(out int device, 0) == Success
                ? (driver, device)
                : null;
    }

    private static T? Find<T>(nint library, string function)
        where T : Delegate
        => NativeLibrary.TryGetExport(library, function, out nint address)
            ? Marshal.GetDelegateForFunctionPointer<T>(address)
            : null;
}
