using RePaViT.MLNet.Images;
using SkiaSharp;

namespace RePaViT;

/// <summary>
/// Decodes image files, PNG, JPEG, WebP, GIF, BMP, ICO and WBMP, as this library's trainers and transformers do: with Skia, like
/// ML.NET, but completely. A file that is cut off or damaged, or claims too many pixels, is refused.
/// </summary>
public static class ImageFile
{
    // An image that is decoded smaller is still larger than its final size by at least this factor, so that the better filter decides.
    private const int LeastFactor = 2;

    /// <summary>Decodes the first image of a file. The header tells its size before a pixel is decoded.</summary>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="decoding">
    /// Orientation, background and limits: <see cref="ImagePreprocessing.Decoding"/> of a model, for instance. Null for the defaults.
    /// </param>
    /// <exception cref="InvalidDataException">
    /// The bytes are not a readable image file, are incomplete, or are an image of too many pixels; the message says which.
    /// </exception>
    /// <exception cref="ArgumentException">A property of <paramref name="decoding"/> has a value that is not accepted.</exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file, ImageDecoding? decoding = null)
    {
        decoding ??= new ImageDecoding();
        decoding.Validate();
        return Decode(file, decoding, reducedSide: null);
    }

    /// <summary>Decodes for a model, no larger than its preprocessing needs where the format can be decoded smaller.</summary>
    internal static RgbImage Decode(ReadOnlySpan<byte> file, ImagePreprocessing preprocessing) => preprocessing.Decoding is ImageDecoding decoding
        ? Decode(file, decoding, preprocessing.ReducedSide)
        : Decode(file, ImageDecoding.OfOlderModels, reducedSide: null);

    // A stream is asked for whatever offset a file names, and an exception within the decoder ends the process: it gets memory. And its
    // answer must be looked at, or it fills up what is missing.
    private static RgbImage Decode(ReadOnlySpan<byte> file, ImageDecoding decoding, int? reducedSide)
    {
        if (file.IsEmpty)
        {
            throw new InvalidDataException("The image file is empty.");
        }

        ImageFormat format = ImageFormat.Of(file) ?? throw new InvalidDataException(
            $"{file.Length} bytes are not a readable image file: {ImageFormat.Names} are accepted.");
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data) ?? throw new InvalidDataException(
            $"The {format.Name} file of {file.Length} bytes is damaged or incomplete: its header cannot be read.");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        ThrowIfTooLarge(width, height, decoding.MaxPixels);
        if (!format.CanHold((long)width * height, file))
        {
            throw new InvalidDataException(
                $"The {format.Name} file claims {width} x {height} pixels, more than its {file.Length} bytes can hold.");
        }

        if (format.LacksImages(file))
        {
            throw Incomplete(format, file.Length);
        }

        // Colors stay as they are in the file, and decoders multiply them with the alpha each in its own way.
        SKImageInfo info = codec.Info with { ColorSpace = null };
        if (info.AlphaType == SKAlphaType.Unpremul && decoding == ImageDecoding.OfOlderModels)
        {
            info.AlphaType = SKAlphaType.Premul;
        }

        SKSizeI size = SizeToDecode(codec, format, reducedSide);
        (info.Width, info.Height) = (size.Width, size.Height);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new InsufficientMemoryException($"There is not enough memory for an image of {width} x {height} pixels.");
        }

        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw result == SKCodecResult.IncompleteInput ? Incomplete(format, file.Length) : new InvalidDataException(
                $"The {format.Name} file of {file.Length} bytes is damaged or incomplete: its pixels cannot be decoded.");
        }

        using SKBitmap bgra = bitmap.ColorType == SKColorType.Bgra8888 ? bitmap : bitmap.Copy(SKColorType.Bgra8888);
        ImageOrientation orientation = decoding.FollowOrientation ? ImageOrientation.Of(codec, file) : ImageOrientation.Upright;
        var pixels = new FourSamplePixels(
            bgra.GetPixelSpan(), bgra.Width, bgra.Height, IsBgra: true, IsMultiplied: bgra.AlphaType == SKAlphaType.Premul);
        return pixels.ToRgb(decoding.Background, orientation);
    }

    /// <exception cref="InvalidDataException">An image has more pixels than are accepted.</exception>
    internal static void ThrowIfTooLarge(int width, int height, int maxPixels)
    {
        if ((long)width * height > maxPixels)
        {
            throw new InvalidDataException(
                $"The image has {width} x {height} pixels: at most {maxPixels} in all are accepted.");
        }
    }

    /// <summary>
    /// The smallest of a half, a quarter and an eighth of the size that is still large enough, if the format offers these.
    /// </summary>
    private static SKSizeI SizeToDecode(SKCodec codec, ImageFormat format, int? reducedSide)
    {
        // Of an ICO file, which holds several images, the decoder would take another one.
        SKSizeI size = codec.Info.Size;
        if (reducedSide is int side && (format == ImageFormat.Jpeg || format == ImageFormat.WebP))
        {
            foreach (float scale in (float[])[0.5f, 0.25f, 0.125f])
            {
                SKSizeI smaller = codec.GetScaledDimensions(scale);
                if (Math.Min(smaller.Width, smaller.Height) < (long)LeastFactor * side)
                {
                    break;
                }

                size = smaller;
            }
        }

        return size;
    }

    private static InvalidDataException Incomplete(ImageFormat format, int length)
        => new($"The {format.Name} file is incomplete: it ends after {length} bytes.");
}
