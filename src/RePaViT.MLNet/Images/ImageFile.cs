using SkiaSharp;

namespace RePaViT.MLNet.Images;

/// <summary>
/// Decodes the bytes of an image file with Skia, as ML.NET does, but from memory and in full: a decoder that reads a managed
/// stream can be led outside of it, which ends the process, and one whose answer is not looked at fills up what is missing.
/// </summary>
internal static class ImageFile
{
    /// <summary>Room for photos of 108 megapixels; decoded, so many take half a gigabyte.</summary>
    public const int MaxPixels = 1 << 27;

    private const string Formats = "JPEG, PNG, GIF, WEBP, BMP, ICO and WBMP";

    // Tiny files may say little about their size.
    private const int AlwaysPossible = 1 << 16;

    /// <summary>The first image of a file.</summary>
    /// <exception cref="InvalidDataException">It is not an image file, is damaged or cut off, or has too many pixels.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
        {
            throw new InvalidDataException("The image file is empty.");
        }

        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidDataException(
            $"{file.Length} bytes are not an image file that can be decoded. {Formats} can be.");
        SKImageInfo header = codec.Info;
        ThrowUnlessPossible(header.Width, header.Height, codec.EncodedFormat, file.Length);

        // What is transparent counts as black, which multiplied colors are already. Colors stay as they are in the file.
        var info = new SKImageInfo(header.Width, header.Height, SKColorType.Bgra8888, SKAlphaType.Premul);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new InvalidDataException($"There is not enough memory for an image of {header.Width} x {header.Height} pixels.");
        }

        return codec.GetPixels(info, bitmap.GetPixels()) switch
        {
            SKCodecResult.Success => ImageReader.ToRgb(bitmap.GetPixelSpan(), header.Width, header.Height, isBgra: true),
            SKCodecResult.IncompleteInput => throw new InvalidDataException(
                $"The {NameOf(codec.EncodedFormat)} file is incomplete: it ends after {file.Length} bytes."),
            SKCodecResult result => throw new InvalidDataException($"The {NameOf(codec.EncodedFormat)} file is damaged ({result})."),
        };
    }

    /// <summary>Looks at what the header claims before there is memory for it.</summary>
    private static void ThrowUnlessPossible(int width, int height, SKEncodedImageFormat format, int fileLength)
    {
        if (width < 1 || height < 1)
        {
            throw new InvalidDataException($"The {NameOf(format)} file says that it has {width} x {height} pixels.");
        }

        long pixels = (long)width * height;
        if (pixels > MaxPixels)
        {
            throw new InvalidDataException(
                $"The {NameOf(format)} file says that it has {width} x {height} pixels: at most {MaxPixels} in all are accepted.");
        }

        if (MostPixelsPerByte(format) is int most && pixels > AlwaysPossible + (long)most * fileLength)
        {
            throw new InvalidDataException(
                $"The {NameOf(format)} file is incomplete: it says that it has {width} x {height} pixels, which {fileLength} bytes cannot hold.");
        }
    }

    private static string NameOf(SKEncodedImageFormat format) => format.ToString().ToUpperInvariant();

    /// <summary>How many pixels a byte can stand for at most; null where a format has no limit.</summary>
    private static int? MostPixelsPerByte(SKEncodedImageFormat format) => format switch
    {
        // DEFLATE makes 1032 bytes of one, each of up to 8 pixels.
        SKEncodedImageFormat.Png => 8 * 1032,

        // A code of 12 bits stands for a row of up to 4096 pixels.
        SKEncodedImageFormat.Gif => 4096 * 8 / 12,

        // A bit for a block of 8 x 8.
        SKEncodedImageFormat.Jpeg => 8 * 64,

        // Run lengths: 2 bytes for up to 255, and 4 bytes to skip as many in both directions.
        SKEncodedImageFormat.Bmp => 255 * 255 / 4,
        SKEncodedImageFormat.Wbmp => 8,
        _ => null,
    };
}
