using System.Buffers;
using System.Runtime.Intrinsics;
using RePaViT.Data;

namespace RePaViT.Training.Pixels;

/// <summary>
/// A copy of an image to look up colors between its pixels. The outermost pixels continue beyond the edges, as far as a
/// filter reaches.
/// </summary>
internal readonly struct BorderedImage : IDisposable
{
    /// <summary>A place inside the image is up to half a pixel outside the outermost centers; cubics reach two further.</summary>
    private const int Border = 2;

    private readonly Vector128<float>[] _pixels;
    private readonly int _stride;

    public BorderedImage(PixelImage image)
    {
        _stride = image.Width + 2 * Border;
        int rows = image.Height + 2 * Border;
        _pixels = ArrayPool<Vector128<float>>.Shared.Rent(checked(_stride * rows));
        ReadOnlySpan<byte> samples = image.Samples;
        for (int y = 0; y < rows; y++)
        {
            int first = 3 * image.Width * Math.Clamp(y - Border, 0, image.Height - 1);
            Span<Vector128<float>> row = _pixels.AsSpan(y * _stride, _stride);
            for (int x = 0; x < image.Width; x++)
            {
                row[Border + x] = RgbVector.Read(samples, first + 3 * x);
            }

            row[..Border].Fill(row[Border]);
            row[^Border..].Fill(row[^(Border + 1)]);
        }
    }

    /// <summary>The color at a place, where pixel (0, 0) is at (0, 0): red, green, blue, and a number without meaning.</summary>
    public Vector256<double> Bilinear(double x, double y)
    {
        int left = (int)Math.Floor(x);
        int top = (int)Math.Floor(y);
        ReadOnlySpan<Vector128<float>> upper = _pixels.AsSpan((top + Border) * _stride + left + Border, 2);
        ReadOnlySpan<Vector128<float>> lower = _pixels.AsSpan((top + Border + 1) * _stride + left + Border, 2);
        double part = x - left;
        return Mix(
            Mix(Widen(upper[0]), Widen(upper[1]), part),
            Mix(Widen(lower[0]), Widen(lower[1]), part),
            y - top);
    }

    /// <summary>Like <see cref="Bilinear"/>, but from 4 x 4 pixels.</summary>
    public Vector256<double> Bicubic(double x, double y)
    {
        int left = (int)Math.Floor(x);
        int top = (int)Math.Floor(y);
        int corner = (top + Border - 1) * _stride + left + Border - 1;
        Vector256<double> color = Cubic(
            CubicRow(corner, x - left),
            CubicRow(corner + _stride, x - left),
            CubicRow(corner + 2 * _stride, x - left),
            CubicRow(corner + 3 * _stride, x - left),
            y - top);
        return Vector256.Clamp(color, Vector256<double>.Zero, Vector256.Create(255.0));
    }

    public void Dispose() => ArrayPool<Vector128<float>>.Shared.Return(_pixels);

    private Vector256<double> CubicRow(int start, double part)
    {
        ReadOnlySpan<Vector128<float>> pixels = _pixels.AsSpan(start, 4);
        return Cubic(Widen(pixels[0]), Widen(pixels[1]), Widen(pixels[2]), Widen(pixels[3]), part);
    }

    private static Vector256<double> Widen(Vector128<float> pixel) => Vector256.WidenLower(pixel.ToVector256Unsafe());

    private static Vector256<double> Mix(Vector256<double> a, Vector256<double> b, double part) => a + (b - a) * part;

    /// <summary>The cubic with a = -1 through four points, between the second and the third.</summary>
    private static Vector256<double> Cubic(
        Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d, double part)
    {
        Vector256<double> slope = c - a;
        Vector256<double> square = 2 * (a - b) + c - d;
        Vector256<double> cube = b - a - c + d;
        return b + part * (slope + part * (square + part * cube));
    }
}
