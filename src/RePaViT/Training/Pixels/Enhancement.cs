using System.Runtime.Intrinsics;
using RePaViT.Data;

namespace RePaViT.Training.Pixels;

/// <summary>
/// Operations that lead away from a poorer image, as Pillow's ImageEnhance defines them: 0 gives the poorer image, 1 the
/// same one, more than 1 exaggerates. Equal to Pillow's to the bit.
/// </summary>
internal static class Enhancement
{
    /// <summary>Away from gray: saturation.</summary>
    public static void Color(PixelImage image, double factor)
    {
        Span<byte> samples = image.Samples;
        float amount = (float)factor;
        for (int i = 0; i < samples.Length; i += 3)
        {
            Vector128<float> gray = Vector128.Create((float)Luma(samples[i], samples[i + 1], samples[i + 2]));
            RgbVector.Write(samples, i, Blend(gray, RgbVector.Read(samples, i), amount));
        }
    }

    /// <summary>Away from the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13. Pixels at the edges stay.</summary>
    public static void Sharpness(PixelImage image, double factor)
    {
        if (image.Width < 3)
        {
            return;
        }

        ReadOnlySpan<byte> source = image.Snapshot();
        Span<byte> target = image.Samples;
        int stride = 3 * image.Width;
        for (int y = 1; y < image.Height - 1; y++)
        {
            // Sums over three rows; those of the columns to the left and in the middle are known from the pixel before.
            int i = y * stride + 3;
            Vector128<float> left = SumColumn(source, i - 3, stride);
            Vector128<float> middle = SumColumn(source, i, stride);
            for (int end = (y + 1) * stride - 3; i < end; i += 3)
            {
                Vector128<float> right = SumColumn(source, i + 3, stride);
                Vector128<float> center = RgbVector.Read(source, i);
                Vector128<float> sum = left + middle + right + 4 * center;

                // The integer nearest to sum / 13. All of these are small integers, which floats hold exactly.
                Vector128<float> smooth = Vector128.Floor((sum + Vector128.Create(6f)) / 13);
                RgbVector.Write(target, i, Blend(smooth, center, (float)factor));
                (left, middle) = (middle, right);
            }
        }
    }

    /// <summary>A pixel and those above and below it.</summary>
    private static Vector128<float> SumColumn(ReadOnlySpan<byte> source, int offset, int stride)
        => RgbVector.Read(source, offset - stride) + RgbVector.Read(source, offset) + RgbVector.Read(source, offset + stride);

    /// <summary>(1 - amount) from + amount to, cut off to a byte; Pillow's Image.blend.</summary>
    public static byte Blend(byte from, byte to, float amount)
        => (byte)(int)Math.Clamp(from + amount * (to - from), 0, 255);

    /// <summary>The same for pixels; still to be truncated.</summary>
    private static Vector128<float> Blend(Vector128<float> from, Vector128<float> to, float amount)
        => Vector128.Clamp(from + amount * (to - from), Vector128<float>.Zero, Vector128.Create(255f));

    /// <summary>The gray of a color (ITU-R 601, in 16-bit fixed point), as Pillow converts RGB to L.</summary>
    public static byte Luma(byte red, byte green, byte blue)
        => (byte)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}
