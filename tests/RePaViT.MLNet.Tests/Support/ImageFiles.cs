using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using RePaViT.IO;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>Small image files of every format that is decoded, most of them of random pixels.</summary>
internal static class ImageFiles
{
    private const int Width = 13;
    private const int Height = 9;
    private const int PngRgb = 2;
    private const int GifColors = 16;
    private const int GifColorBits = 4;

    // Written by an encoder of libjpeg: the one at hand writes no progressive files.
    private const string ProgressiveJpeg =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+"
        + "gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wgARCAAJAA0DASIAAhEB"
        + "AxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAgME/8QAFQEBAQAAAAAAAAAAAAAAAAAAAAH/2gAMAwEAAhADEAAAAS6ZK//EABkQAAMAAwAAAAAAAAAAAAAA"
        + "AAABAhIyQv/aAAgBAQABBQJKZMqQtev/xAAXEQADAQAAAAAAAAAAAAAAAAAAARJC/9oACAEDAQE/AdSj/8QAFxEAAwEAAAAAAAAAAAAAAAAAAAIDE//a"
        + "AAgBAgEBPwGa6H//xAAaEAACAgMAAAAAAAAAAAAAAAAAAQIQITFx/9oACAEBAAY/AsI2lUun/8QAHBAAAgEFAQAAAAAAAAAAAAAAAAExEUFRYXGx/9oA"
        + "CAEBAAE/IVk+2YxtVEHT0H//2gAMAwEAAgADAAAAEPv/xAAYEQEAAwEAAAAAAAAAAAAAAAABACExEf/aAAgBAwEBPxBpVcN1n//EABkRAAEFAAAAAAAA"
        + "AAAAAAAAAAARIaHR4f/aAAgBAgEBPxB4t5B//8QAHRABAAICAgMAAAAAAAAAAAAAAQARMXEhUaGx8P/aAAgBAQABPxB7zAwUb7dVFVjuAA6ueD9Mfu7Z"
        + "/9k=";

    private static ReadOnlySpan<byte> PngStart => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public static Dictionary<string, byte[]> All { get; } = new()
    {
        ["PNG"] = Png(Width, Height, 8, PngRgb, PngRows(3 * Width, 1)),
        ["PNG of a palette"] = Png(Width, Height, 4, 3, PngRows((Width + 1) / 2, 2), palette: Noise(3 * 16, 3)),
        ["PNG of 16 bits with transparency"] = Png(Width, Height, 16, 6, PngRows(8 * Width, 4)),
        ["PNG, interlaced"] = Png(Width, Height, 8, PngRgb, Interlaced(5), isInterlaced: true),
        ["JPEG"] = Encode(SKEncodedImageFormat.Jpeg, 90),
        ["JPEG, progressive"] = Convert.FromBase64String(ProgressiveJpeg),
        ["WebP"] = Encode(SKEncodedImageFormat.Webp, 80),
        ["WebP, lossless"] = Encode(SKEncodedImageFormat.Webp, 100),
        ["WebP, animated"] = AnimatedWebP(),
        ["GIF"] = Gif(Width, Height, Frame(Width, Height, 6)),
        ["GIF, interlaced"] = Gif(Width, Height, Frame(Width, Height, 7, isInterlaced: true)),
        ["GIF, animated"] = Gif(Width, Height, Frame(Width, Height - 2, 8), Frame(Width, Height, 9)),
        ["BMP"] = Bmp(Width, Height, 24, 0, [], Noise(40 * Height, 10)),
        ["BMP from the top"] = Bmp(Width, -Height, 32, 0, [], Noise(4 * Width * Height, 11)),
        ["BMP of a palette"] = Bmp(Width, Height, 8, 0, Noise(4 * 256, 12), Noise(16 * Height, 13)),
        ["BMP of runs"] = Bmp(Width, Height, 8, 1, Noise(4 * 256, 14), Runs(15)),
        ["ICO"] = Ico(Dib(16)),
        ["ICO of several sizes"] = Ico(Dib(16), Png(24, 24, 8, PngRgb, PngRows(3 * 24, 17, 24)), Dib(8)),
        ["WBMP"] = [0, 0, Width, Height, .. Noise(2 * Height, 18)],
    };

    /// <summary>A PNG file.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="bits">Bits a sample.</param>
    /// <param name="color">What the samples are, as PNG numbers it.</param>
    /// <param name="rows">The samples, each row behind the number of its filter.</param>
    /// <param name="palette">Colors, where samples are numbers of such.</param>
    /// <param name="isInterlaced">Whether the rows are those of the seven passes.</param>
    public static byte[] Png(
        int width, int height, byte bits, byte color, byte[] rows, byte[]? palette = null, bool isInterlaced = false)
    {
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(rows);
        }

        byte[] header = [.. BigEndian(width), .. BigEndian(height), bits, color, 0, 0, (byte)(isInterlaced ? 1 : 0)];
        return
        [
            .. PngStart,
            .. Chunk("IHDR", header),
            .. palette is null ? [] : Chunk("PLTE", palette),
            .. Chunk("IDAT", data.ToArray()),
            .. Chunk("IEND", []),
        ];
    }

    /// <summary>A PNG file with one more chunk, in front of its pixels.</summary>
    public static byte[] WithChunk(byte[] png, string name, byte[] data)
    {
        int pixels = png.AsSpan().IndexOf("IDAT"u8) - 4;
        return [.. png[..pixels], .. Chunk(name, data), .. png[pixels..]];
    }

    /// <summary>A GIF file of frames.</summary>
    public static byte[] Gif(int width, int height, params byte[][] frames) =>
    [
        .. "GIF89a"u8, .. LittleEndian((ushort)width), .. LittleEndian((ushort)height), 0xF3, 0, 0, .. Noise(3 * GifColors, 19),
        .. frames.SelectMany(frame => frame), (byte)';',
    ];

    /// <summary>A frame of a GIF file, in codes that each stand for one pixel.</summary>
    public static byte[] Frame(int width, int height, int seed, bool isInterlaced = false)
    {
        // Before codes become longer, the table of sequences is cleared.
        const int PixelsBetweenClears = GifColors - 4;
        var codes = new List<(int Code, int Bits)>();
        byte[] pixels = Noise(width * height, seed);
        for (int i = 0; i < pixels.Length; i++)
        {
            if (i % PixelsBetweenClears == 0)
            {
                codes.Add((GifColors, GifColorBits + 1));
            }

            codes.Add((pixels[i] % GifColors, GifColorBits + 1));
        }

        codes.Add((GifColors + 1, GifColorBits + 1));
        return Frame(width, height, GifColorBits, codes, isInterlaced);
    }

    /// <summary>A frame of a GIF file.</summary>
    public static byte[] Frame(int width, int height, byte colorBits, IEnumerable<(int Code, int Bits)> codes, bool isInterlaced = false)
    {
        byte flags = (byte)(isInterlaced ? 0x40 : 0);
        return
        [
            (byte)',', 0, 0, 0, 0, .. LittleEndian((ushort)width), .. LittleEndian((ushort)height), flags, colorBits,
            .. Pack(codes).Chunk(255).SelectMany(block => block.Prepend((byte)block.Length)), 0,
        ];
    }

    /// <summary>A BMP file.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels; below zero if the rows come from the top.</param>
    /// <param name="bits">Bits a pixel.</param>
    /// <param name="compression">As BMP numbers it: 0 none, 1 runs of 8 bits.</param>
    /// <param name="palette">Four bytes a color.</param>
    /// <param name="data">The pixels.</param>
    /// <param name="offset">Where the file claims that they begin; null for where they do.</param>
    public static byte[] Bmp(int width, int height, ushort bits, int compression, byte[] palette, byte[] data, uint? offset = null)
    {
        byte[] header = BmpHeader(width, height, bits, compression, palette.Length / 4);
        int start = 14 + header.Length + palette.Length;
        return
        [
            (byte)'B', (byte)'M', .. LittleEndian(start + data.Length), 0, 0, 0, 0, .. LittleEndian(unchecked((int)(offset ?? (uint)start))),
            .. header, .. palette, .. data,
        ];
    }

    /// <summary>An ICO file of images that are PNG files or BMP files without their first header.</summary>
    public static byte[] Ico(params byte[][] images)
    {
        var entries = new List<byte>();
        int offset = 6 + 16 * images.Length;
        foreach (byte[] image in images)
        {
            entries.AddRange([0, 0, 0, 0, 1, 0, 24, 0, .. LittleEndian(image.Length), .. LittleEndian(offset)]);
            offset += image.Length;
        }

        return [0, 0, 1, 0, .. LittleEndian((ushort)images.Length), .. entries, .. images.SelectMany(image => image)];
    }

    /// <summary>A WebP file of chunks.</summary>
    public static byte[] WebP(byte[] chunks) => [.. "RIFF"u8, .. LittleEndian(4 + chunks.Length), .. "WEBP"u8, .. chunks];

    /// <summary>A chunk of a WebP file.</summary>
    public static byte[] WebPChunk(string name, byte[] data)
        => [.. Encoding.ASCII.GetBytes(name), .. LittleEndian(data.Length), .. data, .. new byte[data.Length % 2]];

    private static byte[] AnimatedWebP()
    {
        byte[] size = [Width - 1, 0, 0, Height - 1, 0, 0];
        byte[] frame = [0, 0, 0, 0, 0, 0, .. size, 100, 0, 0, 0];
        return WebP(
        [
            .. WebPChunk("VP8X", [2, 0, 0, 0, .. size]),
            .. WebPChunk("ANIM", new byte[6]),
            .. WebPChunk("ANMF", [.. frame, .. Encode(SKEncodedImageFormat.Webp, 70)[12..]]),
            .. WebPChunk("ANMF", [.. frame, .. Encode(SKEncodedImageFormat.Webp, 20)[12..]]),
        ]);
    }

    private static byte[] Encode(SKEncodedImageFormat format, int quality)
    {
        using var bitmap = new SKBitmap(Width, Height, SKColorType.Bgra8888, SKAlphaType.Opaque);
        byte[] pixels = Noise(4 * Width * Height, quality);
        bitmap.Pixels = [.. pixels.Chunk(4).Select(pixel => new SKColor(pixel[0], pixel[1], pixel[2]))];
        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    private static byte[] PngRows(int length, int seed, int rows = Height)
    {
        byte[] noise = Noise((1 + length) * rows, seed);
        for (int row = 0; row < rows; row++)
        {
            noise[row * (1 + length)] = (byte)(row % 5);
        }

        return noise;
    }

    private static byte[] Interlaced(int seed)
    {
        (int X, int Y, int StepX, int StepY)[] passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        return
        [
            .. passes.SelectMany((pass, i) => PngRows(
                3 * ((Width - pass.X + pass.StepX - 1) / pass.StepX), seed + i, (Height - pass.Y + pass.StepY - 1) / pass.StepY)),
        ];
    }

    /// <summary>Rows of a run, single pixels and a skip, then the mark of the end.</summary>
    private static byte[] Runs(int seed)
    {
        byte[] noise = Noise(6 * Height, seed);
        return
        [
            .. Enumerable.Range(0, Height).SelectMany(row => (byte[])
            [
                5, noise[6 * row], 0, 4, noise[6 * row + 1], noise[6 * row + 2], noise[6 * row + 3], noise[6 * row + 4],
                0, 2, 1, 0, 3, noise[6 * row + 5], 0, 0,
            ]),
            0, 1,
        ];
    }

    /// <summary>An image of an ICO file: twice as high, the second half a mask.</summary>
    private static byte[] Dib(int size)
        => [.. BmpHeader(size, 2 * size, 24, 0, 0), .. Noise(3 * size * size, size), .. Noise(4 * size, size + 1)];

    private static byte[] BmpHeader(int width, int height, ushort bits, int compression, int colors) =>
    [
        .. LittleEndian(40), .. LittleEndian(width), .. LittleEndian(height), 1, 0, .. LittleEndian(bits),
        .. LittleEndian(compression), .. new byte[12], .. LittleEndian(colors), .. LittleEndian(0),
    ];

    private static byte[] Chunk(string name, byte[] data)
    {
        byte[] content = [.. Encoding.ASCII.GetBytes(name), .. data];
        return [.. BigEndian(data.Length), .. content, .. BigEndian(unchecked((int)Crc32.Compute(content)))];
    }

    /// <summary>Codes as GIF packs them: the lowest bits first.</summary>
    private static byte[] Pack(IEnumerable<(int Code, int Bits)> codes)
    {
        var bytes = new List<byte>();
        (int waiting, int count) = (0, 0);
        foreach ((int code, int bits) in codes)
        {
            waiting |= code << count;
            count += bits;
            for (; count >= 8; count -= 8)
            {
                bytes.Add((byte)waiting);
                waiting >>= 8;
            }
        }

        return [.. bytes, .. count > 0 ? [(byte)waiting] : Array.Empty<byte>()];
    }

    private static byte[] Noise(int length, int seed)
    {
        byte[] noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] LittleEndian(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] LittleEndian(ushort value)
    {
        byte[] bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }
}
