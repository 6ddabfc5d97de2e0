using System.Buffers.Binary;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>Image files whose pixels lie as a camera left them, with the orientation in the metadata.</summary>
internal static class OrientedFiles
{
    public const int Width = 48;
    public const int Height = 32;

    public static IReadOnlyList<string> Formats { get; } = ["JPEG", "PNG", "WebP"];

    /// <summary>Four quarters, as a person sees them, in the orientation that a file has.</summary>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="orientation">1 to 8; null for a file without metadata.</param>
    /// <param name="isLittleEndian">How the metadata write numbers.</param>
    public static byte[] Create(string format, int? orientation, bool isLittleEndian = true)
    {
        using SKBitmap stored = Store(orientation ?? 1);
        byte[] exif = orientation is int value ? Exif(value, isLittleEndian) : [];
        return format switch
        {
            "JPEG" => Jpeg(Encode(stored, SKEncodedImageFormat.Jpeg, 100), exif),
            "PNG" => exif.Length == 0 ? Encode(stored, SKEncodedImageFormat.Png, 100) : ImageFiles.WithChunk(Encode(stored, SKEncodedImageFormat.Png, 100), "eXIf", exif),
            _ => WebP(Encode(stored, SKEncodedImageFormat.Webp, 100), stored, exif),
        };
    }

    /// <summary>The color of a quarter: red and green on top, blue and white below.</summary>
    public static SKColor Quarter(int x, int y) => (2 * x < Width, 2 * y < Height) switch
    {
        (true, true) => new SKColor(255, 0, 0),
        (false, true) => new SKColor(0, 255, 0),
        (true, false) => new SKColor(0, 0, 255),
        _ => new SKColor(255, 255, 255),
    };

    /// <summary>Exif data with an entry in front of the orientation.</summary>
    public static byte[] Exif(int orientation, bool isLittleEndian)
    {
        byte[] data =
        [
            .. isLittleEndian ? "II"u8 : "MM"u8, .. Number16(42), .. Number32(8), .. Number16(2),
            .. Number16(0x10F), .. Number16(2), .. Number32(4), .. "abc\0"u8,
            .. Number16(0x112), .. Number16(3), .. Number32(1), .. Number16(orientation), 0, 0,
            .. Number32(0),
        ];
        return data;

        byte[] Number16(int value)
        {
            byte[] bytes = new byte[2];
            if (isLittleEndian)
            {
                BinaryPrimitives.WriteInt16LittleEndian(bytes, (short)value);
            }
            else
            {
                BinaryPrimitives.WriteInt16BigEndian(bytes, (short)value);
            }

            return bytes;
        }

        byte[] Number32(int value) => isLittleEndian ? [.. Number16(value), 0, 0] : [0, 0, .. Number16(value)];
    }

    /// <summary>
    /// As Exif defines the orientations: which side of what a person sees the first row of the file is, and which the first column.
    /// </summary>
    private static SKBitmap Store(int orientation)
    {
        (string row, string column) = orientation switch
        {
            1 => ("top", "left"),
            2 => ("top", "right"),
            3 => ("bottom", "right"),
            4 => ("bottom", "left"),
            5 => ("left", "top"),
            6 => ("right", "top"),
            7 => ("right", "bottom"),
            _ => ("left", "bottom"),
        };
        bool isOnItsSide = row is "left" or "right";
        var stored = new SKBitmap(isOnItsSide ? Height : Width, isOnItsSide ? Width : Height, SKColorType.Bgra8888, SKAlphaType.Opaque);
        for (int i = 0; i < stored.Height; i++)
        {
            for (int j = 0; j < stored.Width; j++)
            {
                (int x, int y) = (0, 0);
                Place(row, i);
                Place(column, j);
                stored.SetPixel(j, i, Quarter(x, y));

                void Place(string side, int distance)
                {
                    (x, y) = side switch
                    {
                        "left" => (distance, y),
                        "right" => (Width - 1 - distance, y),
                        "top" => (x, distance),
                        _ => (x, Height - 1 - distance),
                    };
                }
            }
        }

        return stored;
    }

    private static byte[] Encode(SKBitmap bitmap, SKEncodedImageFormat format, int quality)
    {
        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    private static byte[] Jpeg(byte[] file, byte[] exif)
    {
        if (exif.Length == 0)
        {
            return file;
        }

        byte[] segment = [.. "Exif\0\0"u8, .. exif];
        return [.. file[..2], 0xFF, 0xE1, (byte)((segment.Length + 2) >> 8), (byte)(segment.Length + 2), .. segment, .. file[2..]];
    }

    private static byte[] WebP(byte[] file, SKBitmap stored, byte[] exif)
    {
        const byte HasExif = 8;
        return exif.Length == 0
            ? file
            : ImageFiles.WebP(
            [
                .. ImageFiles.WebPChunk("VP8X", [HasExif, 0, 0, 0, (byte)(stored.Width - 1), 0, 0, (byte)(stored.Height - 1), 0, 0]),
                .. file[12..],
                .. ImageFiles.WebPChunk("EXIF", exif),
            ]);
    }
}
