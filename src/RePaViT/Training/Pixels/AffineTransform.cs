using System.Runtime.Intrinsics;

namespace RePaViT.Training.Pixels;

/// <summary>
/// The map from the place of a pixel to the place in the image where its color comes from: (XX x + XY y + X0,
/// YX x + YY y + Y0). Applying one equals Pillow's Image.transform and Image.rotate of 8-bit images to the bit, apart
/// from places on the edge between two pixels.
/// </summary>
internal readonly record struct AffineTransform(double XX, double XY, double X0, double YX, double YY, double Y0)
{
    /// <summary>Moves nothing.</summary>
    public static AffineTransform Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>Moves every row sideways, by <paramref name="factor"/> pixels for each pixel down.</summary>
    public static AffineTransform ShearX(double factor) => new(1, factor, 0, 0, 1, 0);

    /// <summary>Moves every column up or down, by <paramref name="factor"/> pixels for each pixel to the right.</summary>
    public static AffineTransform ShearY(double factor) => new(1, 0, 0, factor, 1, 0);

    /// <summary>Moves the image to the left and up.</summary>
    public static AffineTransform Translation(double left, double up) => new(1, 0, left, 0, 1, up);

    /// <summary>Turns the image counterclockwise about its center.</summary>
    public static AffineTransform Rotation(double degrees, int width, int height)
    {
        (double sin, double cos) = Math.SinCos(-degrees * (Math.PI / 180));
        double x = width / 2.0;
        double y = height / 2.0;
        return new(cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y);
    }

    /// <summary>Where a place comes from in what came before <paramref name="later"/>: this transform of that one's.</summary>
    public AffineTransform Of(AffineTransform later) => new(
        XX * later.XX + XY * later.YX,
        XX * later.XY + XY * later.YY,
        XX * later.X0 + XY * later.Y0 + X0,
        YX * later.XX + YY * later.YX,
        YX * later.XY + YY * later.YY,
        YX * later.X0 + YY * later.Y0 + Y0);

    /// <summary>The same of places that are counted in squares of a size.</summary>
    public AffineTransform InUnitsOf(double size) => this with { X0 = X0 / size, Y0 = Y0 / size };

    public void Apply(PixelImage image, Interpolation interpolation, FillColor fill)
    {
        using var source = new BorderedImage(image);
        Span<byte> target = image.Samples;
        for (int y = 0, i = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++, i += 3)
            {
                double fromX = XX * (x + 0.5) + XY * (y + 0.5) + X0;
                double fromY = YX * (x + 0.5) + YY * (y + 0.5) + Y0;
                if (!(fromX >= 0 && fromX < image.Width && fromY >= 0 && fromY < image.Height))
                {
                    target[i] = fill.Red;
                    target[i + 1] = fill.Green;
                    target[i + 2] = fill.Blue;
                    continue;
                }

                // Pixels have their centers between integers.
                Vector256<double> color = interpolation == Interpolation.Bilinear
                    ? source.Bilinear(fromX - 0.5, fromY - 0.5)
                    : source.Bicubic(fromX - 0.5, fromY - 0.5);
                target[i] = (byte)(int)color[0];
                target[i + 1] = (byte)(int)color[1];
                target[i + 2] = (byte)(int)color[2];
            }
        }
    }
}
