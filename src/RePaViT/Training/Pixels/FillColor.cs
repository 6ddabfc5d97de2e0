namespace RePaViT.Training.Pixels;

/// <summary>A color that fills what an image does not cover.</summary>
internal readonly record struct FillColor(byte Red, byte Green, byte Blue)
{
    /// <summary>A color on the scale where 1 is full intensity, rounded to 8 bits.</summary>
    public static FillColor Of(Rgb color)
    {
        return new(Round(color.Red), Round(color.Green), Round(color.Blue));

        static byte Round(float value) => (byte)Math.Round(Math.Clamp(255 * value, 0, 255));
    }
}
