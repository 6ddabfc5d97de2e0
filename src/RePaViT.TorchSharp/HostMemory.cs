using System.Runtime.InteropServices;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>Access to a tensor's memory from managed code.</summary>
internal static class HostMemory
{
    /// <summary>The values of a contiguous tensor of 32-bit floats in host memory, as long as it lives.</summary>
    public static Span<float> AsSpan(this torch.Tensor tensor)
        => tensor.numel() == 0 ? [] : MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
