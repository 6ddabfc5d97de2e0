using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RePaViT.IO;

/// <summary>32-bit floats as every weight format stores them, moved without an intermediate copy.</summary>
internal static class LittleEndian
{
    // A span of bytes cannot cover an array of more than 2^29 floats.
    private const int ChunkLength = 1 << 20;

    /// <exception cref="EndOfStreamException">The stream ends before all values are read.</exception>
    public static void ReadSingles(Stream stream, Span<float> values)
    {
        while (!values.IsEmpty)
        {
            Span<float> chunk = values[..Math.Min(values.Length, ChunkLength)];
            stream.ReadExactly(MemoryMarshal.AsBytes(chunk));
            if (!BitConverter.IsLittleEndian)
            {
                Span<int> bits = MemoryMarshal.Cast<float, int>(chunk);
                BinaryPrimitives.ReverseEndianness(bits, bits);
            }

            values = values[chunk.Length..];
        }
    }

    /// <summary>Whole numbers, as integers of 64 bits.</summary>
    public static void WriteInt64s(Stream stream, ReadOnlySpan<float> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        foreach (float value in values)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, (long)value);
            stream.Write(bytes);
        }
    }

    public static void WriteSingles(Stream stream, ReadOnlySpan<float> values)
    {
        int[] reversed = BitConverter.IsLittleEndian ? [] : new int[Math.Min(values.Length, ChunkLength)];
        while (!values.IsEmpty)
        {
            ReadOnlySpan<float> chunk = values[..Math.Min(values.Length, ChunkLength)];
            if (BitConverter.IsLittleEndian)
            {
                stream.Write(MemoryMarshal.AsBytes(chunk));
            }
            else
            {
                Span<int> bits = reversed.AsSpan(0, chunk.Length);
                BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<float, int>(chunk), bits);
                stream.Write(MemoryMarshal.AsBytes(bits));
            }

            values = values[chunk.Length..];
        }
    }
}
