using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Images;

/// <summary>Makes <see cref="RgbImage"/> values of what ML.NET's columns hold.</summary>
internal static class ImageReader
{
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

    /// <exception cref="InvalidDataException">The bytes are no image file.</exception>
    public static RgbImage Decode(byte[] file)
    {
        if (file.Length == 0)
        {
            throw new InvalidDataException("The image file is empty.");
        }

        MLImage image;
        try
        {
            using var stream = new MemoryStream(file, writable: false);
            image = MLImage.CreateFromStream(stream);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file.Length} bytes are no image file that can be decoded.", exception);
        }

        using (image)
        {
            // The decoder fills up what is missing of a file that was cut off; a JPEG has nothing transparent.
            return file.AsSpan().StartsWith(JpegStart) && HasTransparency(image)
                ? throw new InvalidDataException($"The JPEG file is incomplete: it ends after {file.Length} bytes.")
                : ToRgb(image);
        }
    }

    private static ReadOnlySpan<byte> JpegStart => [0xFF, 0xD8, 0xFF];

    private static bool HasTransparency(MLImage image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int alpha = 3; alpha < pixels.Length; alpha += 4)
        {
            if (pixels[alpha] != byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }

    /// <exception cref="InvalidDataException">There is no image.</exception>
    public static RgbImage ToRgb(MLImage? image)
    {
        if (image is null)
        {
            throw new InvalidDataException("It holds no image.");
        }

        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> source = image.Pixels;
        byte[] samples = GC.AllocateUninitializedArray<byte>(checked(3 * image.Width * image.Height));
        for (int from = 0, to = 0; to < samples.Length; from += 4, to += 3)
        {
            samples[to] = source[from + red];
            samples[to + 1] = source[from + 1];
            samples[to + 2] = source[from + blue];
        }

        return new RgbImage(image.Width, image.Height, samples);
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
