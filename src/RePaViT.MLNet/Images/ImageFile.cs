using SkiaSharp;

namespace RePaViT.MLNet.Images;

/// <summary>
/// Decodes the bytes of an image file with Skia, as ML.NET does, but from memory and in full: a stream is asked for whatever
/// offset a file names, and an exception within the decoder ends the process; and a decoder whose answer is not looked at
/// fills up what is missing.
/// </summary>
internal static class ImageFile
{
    /// <summary>
    /// The most pixels of an image: the 108 megapixels of a phone fit, and at 7 bytes a pixel, no image takes more than 1 GB
    /// to decode.
    /// </summary>
    public const int MaxPixels = 1 << 27;

    /// <summary>Decodes the first image of a file. The header tells its size before a pixel is decoded.</summary>
    /// <exception cref="InvalidDataException">
    /// The bytes are not an image file that can be read, are not a whole one, or are an image of too many pixels.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
        {
            throw new InvalidDataException("The image file is empty.");
        }

        ImageFormat format = ImageFormat.Of(file) ?? throw new InvalidDataException(
            $"{file.Length} bytes are not an image file that can be read: accepted are {ImageFormat.Names}.");
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidDataException(
            $"The {format.Name} file of {file.Length} bytes is damaged or incomplete: its header cannot be read.");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        ThrowIfTooLarge(width, height);
        if (!format.CanHold((long)width * height, file))
        {
            throw new InvalidDataException(
                $"The {format.Name} file claims {width} x {height} pixels, more than its {file.Length} bytes can hold.");
        }

        if (format.LacksImages(file))
        {
            throw Incomplete(format, file.Length);
        }

        // What is transparent counts as black, which multiplied colors are already. Colors stay as they are in the file.
        SKImageInfo info = codec.Info with { ColorSpace = null };
        if (info.AlphaType == SKAlphaType.Unpremul)
        {
            info.AlphaType = SKAlphaType.Premul;
        }

        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new InsufficientMemoryException($"There is no memory for an image of {width} x {height} pixels.");
        }

        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw result == SKCodecResult.IncompleteInput ? Incomplete(format, file.Length) : new InvalidDataException(
                $"The {format.Name} file of {file.Length} bytes is damaged or incomplete: its pixels cannot be decoded.");
        }

        using SKBitmap bgra = bitmap.ColorType == SKColorType.Bgra8888 ? bitmap : bitmap.Copy(SKColorType.Bgra8888);
        return ImageReader.ToRgb(bgra.GetPixelSpan(), width, height, isBgra: true);
    }

    /// <exception cref="InvalidDataException">An image has more than <see cref="MaxPixels"/>.</exception>
    public static void ThrowIfTooLarge(int width, int height)
    {
        if ((long)width * height > MaxPixels)
        {
            throw new InvalidDataException(
                $"The image has {width} x {height} pixels: more than {MaxPixels} in all are not accepted.");
        }
    }

    private static InvalidDataException Incomplete(ImageFormat format, int length)
        => new($"The {format.Name} file is incomplete: it ends after {length} bytes.");
}
