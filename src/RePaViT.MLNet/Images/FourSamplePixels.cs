namespace RePaViT.MLNet.Images;

/// <summary>Decoded pixels of four samples: three colors and the alpha.</summary>
/// <param name="Samples">[height, width, 4].</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="IsBgra">Whether blue comes first, and not red.</param>
/// <param name="IsMultiplied">Whether colors are multiplied by the alpha.</param>
internal readonly ref struct FourSamplePixels(ReadOnlySpan<byte> Samples, int Width, int Height, bool IsBgra, bool IsMultiplied)
{
    private readonly ReadOnlySpan<byte> _samples = Samples;

    /// <summary>Upright and opaque: alpha color + (1 - alpha) background.</summary>
    public RgbImage ToRgb(Rgb background, ImageOrientation orientation)
    {
        (int red, int blue) = IsBgra ? (2, 0) : (0, 2);
        (int backRed, int backGreen, int backBlue) = (ToByte(background.Red), ToByte(background.Green), ToByte(background.Blue));
        (int width, int height) = orientation.IsOnItsSide ? (Height, Width) : (Width, Height);
        (int start, int right, int down) = orientation.Steps(Width, Height);
        byte[] samples = GC.AllocateUninitializedArray<byte>(3 * width * height);
        int to = 0;
        for (int y = 0; y < height; y++)
        {
            int from = 4 * (start + y * down);
            for (int x = 0; x < width; x++, from += 4 * right, to += 3)
            {
                ReadOnlySpan<byte> pixel = _samples.Slice(from, 4);
                int rest = 255 - pixel[3];
                int weight = IsMultiplied ? 255 : pixel[3];
                samples[to] = Blend(weight * pixel[red] + rest * backRed);
                samples[to + 1] = Blend(weight * pixel[1] + rest * backGreen);
                samples[to + 2] = Blend(weight * pixel[blue] + rest * backBlue);
            }
        }

        return new RgbImage(width, height, samples);
    }

    /// <summary>Whether a color is above its alpha, which no color is that was multiplied by it.</summary>
    public bool HasColorAboveAlpha()
    {
        for (int i = 0; i < _samples.Length; i += 4)
        {
            if (Math.Max(Math.Max(_samples[i], _samples[i + 1]), _samples[i + 2]) > _samples[i + 3])
            {
                return true;
            }
        }

        return false;
    }

    private static byte Blend(int sum) => (byte)Math.Min((sum + 127) / 255, 255);

    private static int ToByte(float value) => (int)MathF.Round(255 * value);
}
