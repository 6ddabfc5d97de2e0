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
            byte gray = Luma(samples[i], samples[i + 1], samples[i + 2]);
            samples[i] = Blend(gray, samples[i], amount);
            samples[i + 1] = Blend(gray, samples[i + 1], amount);
            samples[i + 2] = Blend(gray, samples[i + 2], amount);
        }
    }

    /// <summary>Away from the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13. Pixels at the edges stay.</summary>
    public static void Sharpness(PixelImage image, double factor)
    {
        ReadOnlySpan<byte> source = image.Snapshot();
        float amount = (float)factor;
        int stride = 3 * image.Width;
        for (int y = 1; y < image.Height - 1; y++)
        {
            // Without the first and last pixel; the neighbors of sample i are at i, i + 3 and i + 6.
            ReadOnlySpan<byte> above = source.Slice((y - 1) * stride, stride);
            ReadOnlySpan<byte> middle = source.Slice(y * stride, stride);
            ReadOnlySpan<byte> below = source.Slice((y + 1) * stride, stride);
            Span<byte> target = image.Samples.Slice(y * stride + 3, Math.Max(0, stride - 6));
            for (int i = 0; i < target.Length; i++)
            {
                int sum = above[i] + above[i + 3] + above[i + 6]
                    + middle[i] + 5 * middle[i + 3] + middle[i + 6]
                    + below[i] + below[i + 3] + below[i + 6];

                // Rounded: (sum + 6) / 13 is the integer nearest to sum / 13.
                target[i] = Blend((byte)((sum + 6) / 13), middle[i + 3], amount);
            }
        }
    }

    /// <summary>(1 - amount) from + amount to, cut off to a byte; Pillow's Image.blend.</summary>
    public static byte Blend(byte from, byte to, float amount)
        => (byte)(int)Math.Clamp(from + amount * (to - from), 0, 255);

    /// <summary>The gray of a color (ITU-R 601, in 16-bit fixed point), as Pillow converts RGB to L.</summary>
    public static byte Luma(byte red, byte green, byte blue)
        => (byte)((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}
