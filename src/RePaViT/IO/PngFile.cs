using System.Buffers.Binary;
using System.IO.Compression;

namespace RePaViT.IO;

/// <summary>Small pictures as PNG files (ISO 15948), for pages that show them. The base class library writes none.</summary>
internal static class PngFile
{
    private const byte BitsPerSample = 8;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="samples">[height, width, 3 or 4]: red, green, blue and, where there are four, opacity.</param>
    /// <exception cref="ArgumentException">The number of samples does not fit the size.</exception>
    public static byte[] Encode(int width, int height, ReadOnlySpan<byte> samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        long channels = samples.Length / ((long)width * height);
        if (channels is not (3 or 4) || samples.Length != channels * width * height)
        {
            throw new ArgumentException(
                $"{samples.Length} samples are not a picture of {width} x {height} pixels: 3 or 4 for each are needed.", nameof(samples));
        }

        using var file = new MemoryStream();
        file.Write(Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = BitsPerSample;
        header[9] = (byte)(channels == 3 ? 2 : 6);
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, Compress(samples, (int)channels * width));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>Each row after a byte that says that it is not filtered.</summary>
    private static byte[] Compress(ReadOnlySpan<byte> samples, int rowLength)
    {
        using var compressed = new MemoryStream();
        using (var stream = new ZLibStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (int start = 0; start < samples.Length; start += rowLength)
            {
                stream.WriteByte(0);
                stream.Write(samples.Slice(start, rowLength));
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(type);
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(content, Crc32.Compute(type)));
        file.Write(number);
    }
}
