using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RePaViT.Data;

/// <summary>What tells images with other pixels apart.</summary>
internal static class PixelHash
{
    /// <summary>A hash of the size and the pixels.</summary>
    public static ulong Of(RgbImage image)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(image.Pixels.Span, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash) ^ ((ulong)image.Width << 32) ^ (uint)image.Height;
    }
}
