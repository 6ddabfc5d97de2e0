using System.Runtime.InteropServices;
using SkiaSharp;

namespace RePaViT.PhotoSimilarity;

/// <summary>A small picture of a photo, upright and without what its file says besides.</summary>
/// <param name="Jpeg">The picture.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="PhotoWidth">The width of the photo, upright.</param>
/// <param name="PhotoHeight">The height of the photo.</param>
internal sealed record Thumbnail(byte[] Jpeg, int Width, int Height, int PhotoWidth, int PhotoHeight)
{
    private const int Side = 160;
    private const int Quality = 75;

    /// <summary>Draws one, or gives null if the file can no longer be read.</summary>
    public static Thumbnail? Create(string path)
    {
        try
        {
            return Create(ImageFile.Decode(File.ReadAllBytes(path)));
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Thumbnail Create(RgbImage photo)
    {
        double scale = Math.Min(1, (double)Side / Math.Max(photo.Width, photo.Height));
        int width = Math.Max(1, (int)Math.Round(scale * photo.Width));
        int height = Math.Max(1, (int)Math.Round(scale * photo.Height));
        using SKBitmap full = ToBitmap(photo);

        // Medium is the best for what becomes smaller: it averages.
        using SKBitmap small = full.Resize(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque), SKFilterQuality.Medium);
        using SKData jpeg = small.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return new Thumbnail(jpeg.ToArray(), width, height, photo.Width, photo.Height);
    }

    private static SKBitmap ToBitmap(RgbImage photo)
    {
        ReadOnlySpan<byte> rgb = photo.Pixels.Span;
        byte[] rgba = new byte[rgb.Length / 3 * 4];
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            rgb.Slice(from, 3).CopyTo(rgba.AsSpan(to));
            rgba[to + 3] = byte.MaxValue;
        }

        var bitmap = new SKBitmap(photo.Width, photo.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        return bitmap;
    }
}
