using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using SkiaSharp;

namespace RePaViT.MLNet.Images;

/// <summary>Makes <see cref="RgbImage"/> values of what ML.NET's columns hold.</summary>
internal static class ImageReader
{
    /// <summary>
    /// The most pixels of an image: the 108 megapixels of a phone fit, and at 7 bytes a pixel, no image takes more than 1 GB
    /// to decode.
    /// </summary>
    public const int MaxPixels = 1 << 27;

    /// <summary>Reads decoded images. The column keeps its image; the pixels are copied.</summary>
    public static ImageFetcher ReadImages(ValueGetter<MLImage> getter)
    {
        // The loader disposes what it is handed in before it makes the next image.
        MLImage? image = null;
        return () =>
        {
            getter(ref image!);
            RgbImage pixels = ToRgb(image);
            return () => pixels;
        };
    }

    /// <summary>Reads bytes of image files.</summary>
    public static ImageFetcher ReadFiles(ValueGetter<VBuffer<byte>> getter)
    {
        VBuffer<byte> buffer = default;
        return () =>
        {
            getter(ref buffer);
            byte[] file = [.. buffer.DenseValues()];
            return () => Decode(file);
        };
    }

    /// <summary>Reads numbers from 0 to 255, which are rounded: an image has 8 bits a color, here as in training.</summary>
    public static ImageFetcher ReadPixels(ValueGetter<VBuffer<float>> getter, ImageColumn column)
    {
        VBuffer<float> buffer = default;
        return () =>
        {
            getter(ref buffer);
            float[] values = [.. buffer.DenseValues()];
            return () => ToRgb(values, column);
        };
    }

    /// <summary>Decodes an image file; of an animation, the first image. The header tells its size before a pixel is decoded.</summary>
    /// <exception cref="InvalidDataException">
    /// The bytes are not an image file that can be read, are not a whole one, or are an image of too many pixels.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public static RgbImage Decode(byte[] file)
    {
        if (file.Length == 0)
        {
            throw new InvalidDataException("The image file is empty.");
        }

        ImageFormat format = ImageFormat.Of(file) ?? throw new InvalidDataException(
            $"{file.Length} bytes are not an image file that can be read: accepted are {ImageFormat.Names}.");

        // From memory: a stream is asked for whatever offset a file names, and an exception within the decoder ends the process.
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
            throw Incomplete(format, file);
        }

        // As ML.NET decodes: transparent parts count as black, and colors stay as they are in the file.
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
            throw result == SKCodecResult.IncompleteInput ? Incomplete(format, file) : new InvalidDataException(
                $"The {format.Name} file of {file.Length} bytes is damaged or incomplete: its pixels cannot be decoded.");
        }

        using SKBitmap bgra = bitmap.ColorType == SKColorType.Bgra8888 ? bitmap : bitmap.Copy(SKColorType.Bgra8888);
        return ToRgb(bgra.GetPixelSpan(), width, height, red: 2, blue: 0);
    }

    private static InvalidDataException Incomplete(ImageFormat format, byte[] file)
        => new($"The {format.Name} file is incomplete: it ends after {file.Length} bytes.");

    /// <exception cref="InvalidDataException">There is no image, or it has too many pixels.</exception>
    public static RgbImage ToRgb(MLImage? image)
    {
        if (image is null)
        {
            throw new InvalidDataException("It holds no image.");
        }

        ThrowIfTooLarge(image.Width, image.Height);
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        return ToRgb(image.Pixels, image.Width, image.Height, red, blue);
    }

    private static void ThrowIfTooLarge(int width, int height)
    {
        if ((long)width * height > MaxPixels)
        {
            throw new InvalidDataException(
                $"The image has {width} x {height} pixels: more than {MaxPixels} in all are not accepted.");
        }
    }

    private static RgbImage ToRgb(ReadOnlySpan<byte> source, int width, int height, int red, int blue)
    {
        byte[] samples = GC.AllocateUninitializedArray<byte>(3 * width * height);
        for (int from = 0, to = 0; to < samples.Length; from += 4, to += 3)
        {
            samples[to] = source[from + red];
            samples[to + 1] = source[from + 1];
            samples[to + 2] = source[from + blue];
        }

        return new RgbImage(width, height, samples);
    }

    /// <exception cref="InvalidDataException">There are too few or too many values, or one is not from 0 to 255.</exception>
    public static RgbImage ToRgb(float[] values, ImageColumn column)
    {
        int pixels = column.Height * column.Width;
        if (values.Length != 3 * pixels)
        {
            throw new InvalidDataException(
                $"It has {values.Length} numbers, but {column.Width} x {column.Height} pixels of three colors are {3 * pixels}.");
        }

        // In this order, NaN does not pass.
        (float least, float greatest) = (TensorPrimitives.Min<float>(values), TensorPrimitives.Max<float>(values));
        if (!(least >= 0 && greatest <= 255))
        {
            throw new InvalidDataException(
                $"It has numbers from {least} to {greatest}, but 0 to 255 are needed: ExtractPixels gives them if neither offset nor scale is set.");
        }

        byte[] samples = GC.AllocateUninitializedArray<byte>(values.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            float value = column.IsInterleaved ? values[i] : values[i % 3 * pixels + i / 3];
            samples[i] = (byte)(value + 0.5f);
        }

        return new RgbImage(column.Width, column.Height, samples);
    }
}
