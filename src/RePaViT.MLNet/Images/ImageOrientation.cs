using System.Buffers.Binary;
using SkiaSharp;

namespace RePaViT.MLNet.Images;

/// <summary>How pixels lie in a file: one of the eight orientations of Exif, whose numbers are 1 to 8.</summary>
/// <param name="Value">The number.</param>
internal readonly record struct ImageOrientation(int Value)
{
    private const ushort OrientationTag = 0x112;
    private const int EntryLength = 12;

    /// <summary>As a person sees them.</summary>
    public static ImageOrientation Upright { get; } = new(1);

    /// <summary>Whether width and height change places.</summary>
    public bool IsOnItsSide => Value >= 5;

    /// <summary>What the metadata of a file say; upright if they say nothing, or nothing that there is.</summary>
    public static ImageOrientation Of(SKCodec codec, ReadOnlySpan<byte> file)
    {
        int value = (int)codec.EncodedOrigin;
        return value is > 1 and <= 8 ? new ImageOrientation(value) : ImageFormat.Of(file) == ImageFormat.WebP ? OfWebP(file) : OfPng(file);
    }

    /// <summary>Pixels from the first one of the file to that of the upright image, to its right neighbor, and to the one below.</summary>
    /// <param name="width">Of the file's image.</param>
    /// <param name="height">Of the file's image.</param>
    public (int Start, int Right, int Down) Steps(int width, int height) => Value switch
    {
        2 => (width - 1, -1, width),
        3 => (width * height - 1, -1, -width),
        4 => (width * (height - 1), 1, -width),
        5 => (0, width, 1),
        6 => (width * (height - 1), -width, 1),
        7 => (width * height - 1, -width, -1),
        8 => (width - 1, width, -1),
        _ => (0, 1, width),
    };

    /// <summary>From the chunk eXIf of a PNG file, which the decoder does not read.</summary>
    private static ImageOrientation OfPng(ReadOnlySpan<byte> file)
    {
        const int Signature = 8;
        const int Frame = 12;
        if (ImageFormat.Of(file) != ImageFormat.Png)
        {
            return Upright;
        }

        for (int start = Signature; start <= file.Length - Frame;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[start..]);
            if (length > file.Length - start - Frame)
            {
                break;
            }

            if (file.Slice(start + 4, 4).SequenceEqual("eXIf"u8))
            {
                return OfExif(file.Slice(start + 8, (int)length));
            }

            start += Frame + (int)length;
        }

        return Upright;
    }

    /// <summary>
    /// From the chunk EXIF of a WebP file whose writer put before the data what comes before them in a JPEG file: the decoder does not
    /// know them then.
    /// </summary>
    private static ImageOrientation OfWebP(ReadOnlySpan<byte> file)
    {
        const int FileHeader = 12;
        const int Header = 8;
        for (long start = FileHeader; start <= file.Length - Header;)
        {
            ReadOnlySpan<byte> rest = file[(int)start..];
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - Header)
            {
                break;
            }

            ReadOnlySpan<byte> data = rest.Slice(Header, (int)length);
            if (rest.StartsWith("EXIF"u8))
            {
                return data.StartsWith("Exif\0\0"u8) ? OfExif(data["Exif\0\0"u8.Length..]) : Upright;
            }

            start += Header + length + length % 2;
        }

        return Upright;
    }

    /// <summary>From the first directory of Exif data: a header of TIFF, then entries of 12 bytes.</summary>
    private static ImageOrientation OfExif(ReadOnlySpan<byte> exif)
    {
        const int Header = 8;
        bool isLittleEndian = exif.StartsWith("II*\0"u8);
        if (exif.Length < Header || !(isLittleEndian || exif.StartsWith("MM\0*"u8)))
        {
            return Upright;
        }

        uint directory = isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (directory > exif.Length - 2)
        {
            return Upright;
        }

        int entries = Number(exif, (int)directory, isLittleEndian);
        for (int start = (int)directory + 2; entries > 0 && start <= exif.Length - EntryLength; start += EntryLength, entries--)
        {
            if (Number(exif, start, isLittleEndian) == OrientationTag)
            {
                int value = Number(exif, start + 8, isLittleEndian);
                return value is >= 1 and <= 8 ? new ImageOrientation(value) : Upright;
            }
        }

        return Upright;
    }

    private static ushort Number(ReadOnlySpan<byte> exif, int start, bool isLittleEndian) => isLittleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(exif[start..])
        : BinaryPrimitives.ReadUInt16BigEndian(exif[start..]);
}
