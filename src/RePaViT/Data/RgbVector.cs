using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RePaViT.Data;

/// <summary>
/// Pixels as vectors (red, green, blue, anything), so that one instruction serves all colors. The fourth element carries
/// whatever lies beside a pixel in memory.
/// </summary>
internal static class RgbVector
{
    /// <summary>The pixel whose samples start at <paramref name="offset"/>.</summary>
    public static Vector128<float> Read(ReadOnlySpan<byte> samples, int offset)
    {
        // Four bytes are read at once, except at the very end.
        uint packed = offset + sizeof(uint) <= samples.Length
            ? MemoryMarshal.Read<uint>(samples[offset..])
            : ReadLast(samples[offset..]);
        Vector128<byte> bytes = Vector128.CreateScalar(packed).AsByte();
        return Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32());
    }

    /// <summary>Writes three samples. Values are truncated; they must be in [0, 256).</summary>
    public static void Write(Span<byte> samples, int offset, Vector128<float> value)
    {
        Vector128<int> integers = Vector128.ConvertToInt32(value);
        Span<byte> pixel = samples.Slice(offset, 3);
        pixel[0] = (byte)integers[0];
        pixel[1] = (byte)integers[1];
        pixel[2] = (byte)integers[2];
    }

    private static uint ReadLast(ReadOnlySpan<byte> pixel)
    {
        Span<byte> padded = stackalloc byte[sizeof(uint)];
        padded.Clear();
        pixel.CopyTo(padded);
        return MemoryMarshal.Read<uint>(padded);
    }
}
