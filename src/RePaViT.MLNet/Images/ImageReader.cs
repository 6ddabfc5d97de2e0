using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Images;

/// <summary>Makes <see cref="RgbImage"/> values of what ML.NET's columns hold.</summary>
internal static class ImageReader
{
    /// <summary>Reads decoded images. The column keeps its image; the pixels are copied.</summary>
    public static ImageFetcher ReadImages(ValueGetter<MLImage> getter, ImageDecoding? decoding)
    {
        // The loader disposes the image that it is handed before it makes the next one.
        MLImage? image = null;
        return () =>
        {
            getter(ref image!);
            RgbImage pixels = ToRgb(image, decoding);
            return () => pixels;
        };
    }

    /// <summary>Reads bytes of image files.</summary>
    public static ImageFetcher ReadFiles(ValueGetter<VBuffer<byte>> getter, ImagePreprocessing preprocessing)
    {
        VBuffer<byte> buffer = default;
        return () =>
        {
            getter(ref buffer);
            byte[] file = [.. buffer.DenseValues()];
            return () => ImageFile.Decode(file, preprocessing);
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

    /// <summary>
    /// Blends what is transparent. Colors are multiplied by their alpha, as ML.NET decodes them, unless one shows that they are not.
    /// </summary>
    /// <exception cref="InvalidDataException">There is no image, or it has too many pixels.</exception>
    public static RgbImage ToRgb(MLImage? image, ImageDecoding? decoding)
    {
        if (image is null)
        {
            throw new InvalidDataException("It holds no image.");
        }

        ImageFile.ThrowIfTooLarge(image.Width, image.Height, (decoding ?? ImageDecoding.OfOlderModels).MaxPixels);
        return Blend(image.Pixels, image.Width, image.Height, image.PixelFormat == MLPixelFormat.Bgra32, decoding);
    }

    /// <exception cref="InvalidDataException">There are too few or too many values, or one is not from 0 to 255.</exception>
    public static RgbImage ToRgb(float[] values, ImageColumn column)
    {
        ThrowUnlessSamples(values, channels: 3, column);
        int pixels = column.Height * column.Width;
        byte[] samples = GC.AllocateUninitializedArray<byte>(values.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            float value = column.IsInterleaved ? values[i] : values[i % 3 * pixels + i / 3];
            samples[i] = (byte)(value + 0.5f);
        }

        return new RgbImage(column.Width, column.Height, samples);
    }

    /// <summary>Decoded images of one size as ExtractPixels takes them apart: planes of alpha, red, green and blue.</summary>
    /// <exception cref="InvalidDataException">There are too few or too many values, or one is not from 0 to 255.</exception>
    public static RgbImage ToRgb(float[] planes, ImageColumn column, ImageDecoding? decoding)
    {
        ThrowUnlessSamples(planes, channels: 4, column);
        int pixels = column.Height * column.Width;
        byte[] samples = GC.AllocateUninitializedArray<byte>(planes.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            // Alpha comes first there and last here.
            samples[i] = (byte)planes[(i + 1) % 4 * pixels + i / 4];
        }

        return Blend(samples, column.Width, column.Height, isBgra: false, decoding);
    }

    private static RgbImage Blend(ReadOnlySpan<byte> samples, int width, int height, bool isBgra, ImageDecoding? decoding)
    {
        var pixels = new FourSamplePixels(samples, width, height, isBgra, IsMultiplied: true);
        if (decoding is not null && pixels.HasColorAboveAlpha())
        {
            pixels = new FourSamplePixels(samples, width, height, isBgra, IsMultiplied: false);
        }

        return pixels.ToRgb((decoding ?? ImageDecoding.OfOlderModels).Background, ImageOrientation.Upright);
    }

    private static void ThrowUnlessSamples(float[] values, int channels, ImageColumn column)
    {
        int length = channels * column.Height * column.Width;
        if (values.Length != length)
        {
            throw new InvalidDataException(
                $"It has {values.Length} numbers, but {column.Width} x {column.Height} pixels "
                    + $"of three colors{(channels == 3 ? "" : " and alpha")} take {length}.");
        }

        // In this order, NaN does not pass.
        (float least, float greatest) = (TensorPrimitives.Min<float>(values), TensorPrimitives.Max<float>(values));
        if (!(least >= 0 && greatest <= 255))
        {
            throw new InvalidDataException(
                $"It has numbers from {least} to {greatest}, but 0 to 255 are needed: ExtractPixels gives them if neither offset nor scale is set.");
        }
    }
}
