namespace RePaViT.Training.Pixels;

/// <summary>Turns colors around the gray axis of HSV: saturation and value stay.</summary>
internal static class Hue
{
    private const float Sextants = 6;

    /// <param name="image">The image.</param>
    /// <param name="turn">How far, in turns, from -0.5 to 0.5.</param>
    public static void Turn(PixelImage image, double turn)
    {
        Span<byte> samples = image.Samples;
        float shift = Sextants * (float)(turn < 0 ? turn + 1 : turn);
        for (int i = 0; i < samples.Length; i += 3)
        {
            Turn(ref samples[i], ref samples[i + 1], ref samples[i + 2], shift);
        }
    }

    private static void Turn(ref byte red, ref byte green, ref byte blue, float shift)
    {
        int greatest = Math.Max(red, Math.Max(green, blue));
        int range = greatest - Math.Min(red, Math.Min(green, blue));
        if (range == 0)
        {
            return;
        }

        // Sextants from red, over green and blue, to red again.
        float hue = greatest == red ? (float)(green - blue) / range
            : greatest == green ? 2 + (float)(blue - red) / range
            : 4 + (float)(red - green) / range;
        hue += shift;
        red = Channel(hue + 5);
        green = Channel(hue + 3);
        blue = Channel(hue + 1);

        // How much of the range is missing in a channel: none for two sextants, all of it for two, linearly between.
        byte Channel(float place)
        {
            float around = place - Sextants * MathF.Floor(place / Sextants);
            float missing = Math.Clamp(Math.Min(around, 4 - around), 0, 1);
            return (byte)(greatest - range * missing + 0.5f);
        }
    }
}
