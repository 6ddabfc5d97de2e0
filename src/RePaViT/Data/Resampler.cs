using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace RePaViT.Data;

/// <summary>A part of an image in pixels; edges may lie between pixels.</summary>
internal readonly record struct ImageBox(double X, double Y, double Width, double Height);

/// <summary>
/// Resizes images with a separable filter whose support widens with the reduction, as Pillow does: every source pixel
/// under an output pixel counts, so nothing aliases. At the edges of the image the filter is cut off and its weights
/// are scaled to add up to 1.
/// </summary>
internal static class Resampler
{
    /// <summary>Resizes a box of an image to planes [3, size, size] of values in [0, 255].</summary>
    /// <exception cref="ArgumentException">
    /// The image has no pixels, the box leaves it, or the destination is of another length.
    /// </exception>
    public static void Resize(RgbImage image, ImageBox box, int size, Interpolation interpolation, Span<float> planes)
    {
        ThrowIfEmpty(image);
        if (!(box is { X: >= 0, Y: >= 0, Width: > 0, Height: > 0 }
            && box.X + box.Width <= image.Width && box.Y + box.Height <= image.Height))
        {
            throw new ArgumentException($"{box} is not inside an image of {image.Width} x {image.Height} pixels.", nameof(box));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(planes.Length, 3L * size * size, nameof(planes));
        if (box.Width == size && box.Height == size && double.IsInteger(box.X) && double.IsInteger(box.Y))
        {
            Copy(image, (int)box.X, (int)box.Y, size, planes);
            return;
        }

        using var columns = new FilterTaps(image.Width, box.X, box.Width, size, interpolation);
        using var rows = new FilterTaps(image.Height, box.Y, box.Height, size, interpolation);
        float[] scratch = ResizeRows(image, columns, rows, size, size);
        for (int y = 0; y < size; y++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                CombineRows(scratch, rows, y, channel, size, planes.Slice((channel * size + y) * size, size));
            }
        }

        // A cubic overshoots beside sharp edges.
        TensorPrimitives.Clamp(planes, 0f, 255f, planes);
        ArrayPool<float>.Shared.Return(scratch);
    }

    /// <summary>Reduces a whole image to another of 8-bit samples.</summary>
    public static RgbImage Reduce(RgbImage image, int width, int height, Interpolation interpolation)
    {
        using var columns = new FilterTaps(image.Width, 0, image.Width, width, interpolation);
        using var rows = new FilterTaps(image.Height, 0, image.Height, height, interpolation);
        float[] scratch = ResizeRows(image, columns, rows, width, height);
        byte[] samples = GC.AllocateUninitializedArray<byte>(checked(3 * width * height));
        float[] line = new float[width];
        for (int y = 0; y < height; y++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                CombineRows(scratch, rows, y, channel, width, line);
                int target = 3 * y * width + channel;
                foreach (float value in line)
                {
                    samples[target] = (byte)Math.Clamp(value + 0.5f, 0, 255);
                    target += 3;
                }
            }
        }

        ArrayPool<float>.Shared.Return(scratch);
        return new RgbImage(width, height, samples);
    }

    /// <summary>
    /// The source rows that the taps of <paramref name="rows"/> reach, resized along x, in a rented array [source rows,
    /// 3, width]: a row of one channel is contiguous, as it is in planes.
    /// </summary>
    private static float[] ResizeRows(RgbImage image, in FilterTaps columns, in FilterTaps rows, int width, int height)
    {
        int firstRow = rows.Start(0);
        int rowCount = rows.Start(height - 1) + rows.Weights(height - 1).Length - firstRow;
        int firstColumn = columns.Start(0);
        int columnCount = columns.Start(width - 1) + columns.Weights(width - 1).Length - firstColumn;
        float[] scratch = ArrayPool<float>.Shared.Rent(checked(rowCount * 3 * width));
        Vector128<float>[] pixels = ArrayPool<Vector128<float>>.Shared.Rent(columnCount);
        for (int row = 0; row < rowCount; row++)
        {
            int offset = 3 * ((firstRow + row) * image.Width + firstColumn);
            for (int column = 0; column < columnCount; column++)
            {
                pixels[column] = RgbVector.Read(image.Pixels.Span, offset + 3 * column);
            }

            ResizeRow(pixels, columns, scratch.AsSpan(row * 3 * width, 3 * width), width);
        }

        ArrayPool<Vector128<float>>.Shared.Return(pixels);
        return scratch;
    }

    /// <summary>Row y of one channel, from what <see cref="ResizeRows"/> gave.</summary>
    private static void CombineRows(
        ReadOnlySpan<float> scratch, in FilterTaps rows, int y, int channel, int width, Span<float> target)
    {
        target.Clear();
        int offset = ((rows.Start(y) - rows.Start(0)) * 3 + channel) * width;
        foreach (float weight in rows.Weights(y))
        {
            TensorPrimitives.MultiplyAdd(scratch.Slice(offset, width), weight, target, target);
            offset += 3 * width;
        }
    }

    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    public static void ThrowIfEmpty(RgbImage image)
    {
        if (image.Pixels.IsEmpty)
        {
            throw new ArgumentException("The image has no pixels: it is a default value.", nameof(image));
        }
    }

    private static void Copy(RgbImage image, int left, int top, int size, Span<float> planes)
    {
        Span<float> red = planes[..(size * size)];
        Span<float> green = planes.Slice(size * size, size * size);
        Span<float> blue = planes[(2 * size * size)..];
        for (int y = 0, i = 0; y < size; y++)
        {
            ReadOnlySpan<byte> row = image.Pixels.Span.Slice(3 * ((top + y) * image.Width + left), 3 * size);
            for (int x = 0; x < row.Length; x += 3, i++)
            {
                red[i] = row[x];
                green[i] = row[x + 1];
                blue[i] = row[x + 2];
            }
        }
    }

    /// <param name="pixels">A row of the source, from the first pixel that the taps reach.</param>
    /// <param name="columns">The taps.</param>
    /// <param name="target">Gets [3, size].</param>
    /// <param name="size">Pixels of the row to be made.</param>
    private static void ResizeRow(
        ReadOnlySpan<Vector128<float>> pixels, in FilterTaps columns, Span<float> target, int size)
    {
        int first = columns.Start(0);
        for (int x = 0; x < size; x++)
        {
            ReadOnlySpan<float> weights = columns.Weights(x);
            ReadOnlySpan<Vector128<float>> tapped = pixels.Slice(columns.Start(x) - first, weights.Length);
            Vector128<float> sum = Vector128<float>.Zero;
            for (int tap = 0; tap < tapped.Length; tap++)
            {
                sum += weights[tap] * tapped[tap];
            }

            target[x] = sum[0];
            target[size + x] = sum[1];
            target[2 * size + x] = sum[2];
        }
    }
}
