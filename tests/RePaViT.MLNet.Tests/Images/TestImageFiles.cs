using System.Buffers.Binary;
using System.IO.Compression;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>Files of formats that Skia reads but does not write.</summary>
internal static class TestImageFiles
{
    private const int BmpHeader = 54;

    /// <summary>24 bits a pixel, bottom row first.</summary>
    public static byte[] Bmp(int width, int height)
    {
        int stride = (3 * width + 3) / 4 * 4;
        byte[] file = new byte[BmpHeader + stride * height];
        WriteBmpHeader(file, width, height, bits: 24, compression: 0, BmpHeader);
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < 3 * width; i++)
            {
                file[BmpHeader + y * stride + i] = (byte)(y * 31 + i * 7);
            }
        }

        return file;
    }

    /// <summary>8 bits a pixel of 256 grays, in run lengths.</summary>
    public static byte[] RleBmp(int width, int height)
    {
        var rows = new List<byte>();
        for (int y = 0; y < height; y++)
        {
            rows.AddRange([(byte)(width / 2), (byte)(y * 20), (byte)(width - width / 2), (byte)(255 - y * 20), 0, (byte)(y == height - 1 ? 1 : 0)]);
        }

        byte[] file = new byte[BmpHeader + 1024 + rows.Count];
        WriteBmpHeader(file, width, height, bits: 8, compression: 1, BmpHeader + 1024);
        for (int i = 0; i < 256; i++)
        {
            file.AsSpan(BmpHeader + 4 * i, 3).Fill((byte)i);
        }

        rows.CopyTo(file, BmpHeader + 1024);
        return file;
    }

    /// <summary>8 colors; every code is a color, since the table is cleared before codes grow.</summary>
    public static byte[] Gif(int width, int height)
    {
        var file = new List<byte>();
        file.AddRange("GIF89a"u8);
        file.AddRange([(byte)width, 0, (byte)height, 0, 0b1111_0010, 0, 0]);
        for (int i = 0; i < 8; i++)
        {
            file.AddRange([(byte)(i * 36), (byte)(255 - i * 36), (byte)(i * 20)]);
        }

        file.AddRange([0x2C, 0, 0, 0, 0, (byte)width, 0, (byte)height, 0, 0, 3]);
        var bits = new List<bool>();
        const int Clear = 8;
        const int End = 9;
        for (int pixel = 0; pixel < width * height; pixel++)
        {
            if (pixel % 5 == 0)
            {
                Write(Clear);
            }

            Write(pixel % 8);
        }

        Write(End);
        byte[] data = new byte[(bits.Count + 7) / 8];
        for (int i = 0; i < bits.Count; i++)
        {
            data[i / 8] |= (byte)(bits[i] ? 1 << (i % 8) : 0);
        }

        foreach (byte[] block in data.Chunk(255))
        {
            file.Add((byte)block.Length);
            file.AddRange(block);
        }

        return [.. file, 0, 0x3B];

        void Write(int code)
        {
            for (int bit = 0; bit < 4; bit++)
            {
                bits.Add((code >> bit & 1) == 1);
            }
        }
    }

    /// <summary>Gray, 8 bits, in the seven passes of Adam7.</summary>
    public static byte[] InterlacedPng(int width, int height)
    {
        (int X, int Y, int StepX, int StepY)[] passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        using var raw = new MemoryStream();
        foreach ((int startX, int startY, int stepX, int stepY) in passes)
        {
            for (int y = startY; startX < width && y < height; y += stepY)
            {
                raw.WriteByte(0);
                for (int x = startX; x < width; x += stepX)
                {
                    raw.WriteByte((byte)(x * 17 + y * 9));
                }
            }
        }

        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(raw.ToArray());
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[12] = 1;
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, compressed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        type.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), RePaViT.MLNet.Loading.Crc32.Compute(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    private static void WriteBmpHeader(byte[] file, int width, int height, short bits, int compression, int offset)
    {
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), offset);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), bits);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(30), compression);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(34), file.Length - offset);
    }
}
