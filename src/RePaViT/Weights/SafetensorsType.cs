using System.Buffers;
using System.Buffers.Binary;
using RePaViT.IO;

namespace RePaViT.Weights;

/// <summary>An element type that can be read as 32-bit float.</summary>
/// <param name="Name">Its name in a header.</param>
/// <param name="Size">Bytes of an element.</param>
/// <param name="Decode">Converts an element.</param>
internal sealed record SafetensorsType(string Name, int Size, Func<ReadOnlySpan<byte>, float> Decode)
{
    private const int BlockSize = 1 << 16;

    public static SafetensorsType F32 { get; } = new("F32", 4, BinaryPrimitives.ReadSingleLittleEndian);

    public static SafetensorsType F16 { get; } = new("F16", 2, bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes));

    /// <summary>Whole numbers beyond 2^24 are rounded.</summary>
    public static SafetensorsType I32 { get; } = new("I32", 4, bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes));

    /// <summary>Whole numbers beyond 2^24 are rounded.</summary>
    public static SafetensorsType I64 { get; } = new("I64", 8, bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes));

    public static IReadOnlyList<SafetensorsType> All { get; } =
    [
        F32,
        F16,
        new("BF16", 2, bytes => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16)),
        new("F64", 8, bytes => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes)),
        I32,
        I64,
    ];

    /// <exception cref="EndOfStreamException">The stream ends before all values are read.</exception>
    public void Read(Stream stream, Span<float> values)
    {
        if (this == F32)
        {
            LittleEndian.ReadSingles(stream, values);
            return;
        }

        byte[] block = ArrayPool<byte>.Shared.Rent((int)Math.Min(BlockSize, (long)values.Length * Size));
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, BlockSize / Size);
            stream.ReadExactly(block, 0, count * Size);
            for (int i = 0; i < count; i++)
            {
                values[i] = Decode(block.AsSpan(i * Size, Size));
            }

            values = values[count..];
        }

        ArrayPool<byte>.Shared.Return(block);
    }
}
