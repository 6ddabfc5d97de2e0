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
            return () => ImageFile.Decode(file);
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

    /// <exception cref="InvalidDataException">There is no image, or it has too many pixels.</exception>
    public static RgbImage ToRgb(MLImage? image)
    {
        if (image is null)
        {
            throw new InvalidDataException("It holds no image.");
        }

        ImageFile.ThrowIfTooLarge(image.Width, image.Height);
        return ToRgb(image.Pixels, image.Width, image.Height, image.PixelFormat == MLPixelFormat.Bgra32);
    }

    /// <summary>Three samples a pixel of four; what is transparent counts as black, which the samples are multiplied with already.</summary>
    public static RgbImage ToRgb(ReadOnlySpan<byte> source, int width, int height, bool isBgra)
    {
        (int red, int blue) = isBgra ? (2, 0) : (0, 2);
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
