using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RePaViT.Training.Pixels;

/// <summary>
/// The map from the place of a pixel to the place in the image where its color comes from: (XX x + XY y + X0,
/// YX x + YY y + Y0). Applying one equals Pillow's Image.transform and Image.rotate of 8-bit images to the bit, apart
/// from places on the edge between two pixels.
/// </summary>
internal readonly record struct AffineTransform(double XX, double XY, double X0, double YX, double YY, double Y0)
{
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

    public void Apply(PixelImage image, Interpolation interpolation, FillColor fill)
    {
        var source = new Source(image.Snapshot(), image.Width, image.Height);
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

    /// <summary>Colors of an image between its pixels. Beyond its edges, its outermost pixels go on.</summary>
    private readonly ref struct Source(ReadOnlySpan<byte> samples, int width, int height)
    {
        private readonly ReadOnlySpan<byte> _samples = samples;

        public Vector256<double> Bilinear(double x, double y)
        {
            int left = (int)Math.Floor(x);
            int top = (int)Math.Floor(y);
            return Mix(BilinearRow(left, top, x - left), BilinearRow(left, top + 1, x - left), y - top);
        }

        public Vector256<double> Bicubic(double x, double y)
        {
            int left = (int)Math.Floor(x);
            int top = (int)Math.Floor(y);
            Vector256<double> color = Cubic(
                BicubicRow(left, top - 1, x - left),
                BicubicRow(left, top, x - left),
                BicubicRow(left, top + 1, x - left),
                BicubicRow(left, top + 2, x - left),
                y - top);
            return Vector256.Min(Vector256.Max(color, Vector256<double>.Zero), Vector256.Create(255.0));
        }

        private Vector256<double> BilinearRow(int x, int y, double part)
        {
            int row = Row(y);
            return Mix(Pixel(row, x), Pixel(row, x + 1), part);
        }

        private Vector256<double> BicubicRow(int x, int y, double part)
        {
            int row = Row(y);
            return Cubic(Pixel(row, x - 1), Pixel(row, x), Pixel(row, x + 1), Pixel(row, x + 2), part);
        }

        private int Row(int y) => Math.Clamp(y, 0, height - 1) * width;

        /// <summary>Red, green, blue; the fourth number means nothing.</summary>
        private Vector256<double> Pixel(int row, int x)
        {
            uint samples = MemoryMarshal.Read<uint>(_samples[(3 * (row + Math.Clamp(x, 0, width - 1)))..]);
            Vector128<byte> bytes = Vector128.CreateScalar(samples).AsByte();
            Vector128<int> integers = Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32();
            return Vector256.WidenLower(Vector128.ConvertToSingle(integers).ToVector256());
        }

        private static Vector256<double> Mix(Vector256<double> a, Vector256<double> b, double part) => a + (b - a) * part;

        /// <summary>Keys' cubic with a = -1 through four points, between the second and the third.</summary>
        private static Vector256<double> Cubic(
            Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d, double part)
        {
            Vector256<double> slope = c - a;
            Vector256<double> square = 2 * (a - b) + c - d;
            Vector256<double> cube = b - a - c + d;
            return b + part * (slope + part * (square + part * cube));
        }
    }
}
