using System.Buffers.Binary;

namespace RePaViT.MLNet.Images;

/// <summary>
/// A format of image files that is decoded, known by the first bytes of a file. The decoder knows others, such as the raw
/// formats of cameras: what they do with a damaged file is not known, so it never gets to see them.
/// </summary>
internal sealed class ImageFormat
{
    /// <summary>The formats that are decoded, as messages name them.</summary>
    public const string Names = "PNG, JPEG, WebP, GIF, BMP, ICO and WBMP";

    /// <summary>
    /// Images of up to 4 megapixels need no justification: 28 MB do no harm, and a GIF or a BMP may leave most of its
    /// pixels out.
    /// </summary>
    private const int MaxUnquestionedPixels = 1 << 22;

    // Deflate makes at most 1032 bytes of one, and a byte holds 8 pixels of 1 bit.
    public static readonly ImageFormat Png = new("PNG", 1032 * 8);

    // A block of 8 x 8 pixels takes at least 1 bit, also in a progressive file.
    public static readonly ImageFormat Jpeg = new("JPEG", 8 * 64);

    // A code of 12 bits stands for at most 4096 pixels; a shorter code stands for fewer a bit.
    private static readonly ImageFormat Gif = new("GIF", 4096 * 8 / 12 + 1);

    // A run of up to 255 pixels takes two bytes; without compression, a byte holds 8 pixels of 1 bit.
    private static readonly ImageFormat Bmp = new("BMP", 128);

    // It holds files of PNG and BMP.
    private static readonly ImageFormat Ico = new("ICO", Png._maxPixelsPerByte);

    private static readonly ImageFormat Wbmp = new("WBMP", 8);

    // A plain image of any size takes 30 bytes.
    public static readonly ImageFormat WebP = new("WebP", null);

    private readonly int? _maxPixelsPerByte;

    private ImageFormat(string name, int? maxPixelsPerByte)
    {
        Name = name;
        _maxPixelsPerByte = maxPixelsPerByte;
    }

    /// <summary>As messages name it.</summary>
    public string Name { get; }

    /// <summary>The format of a file, or null if it is none of these.</summary>
    public static ImageFormat? Of(ReadOnlySpan<byte> file) => file switch
    {
        [0x89, 0x50, 0x4E, 0x47, ..] => Png,
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [0x00, 0x00, 0x01 or 0x02, 0x00, ..] => Ico,
        [0x00, 0x00, ..] => Wbmp,
        _ when file.StartsWith("GIF8"u8) => Gif,
        _ when file.StartsWith("BM"u8) => Bmp,
        _ when file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8) => WebP,
        _ => null,
    };

    /// <summary>Whether a file is long enough for the pixels that its header claims.</summary>
    public bool CanHold(long pixels, ReadOnlySpan<byte> file)
        => pixels <= MaxUnquestionedPixels
            || _maxPixelsPerByte is not int perByte
            || pixels <= (long)perByte * file.Length
            || (this == Jpeg && IsArithmeticCoded(file));

    /// <summary>
    /// Whether a file has lost images at its end that the decoder would not miss: of the images in an ICO file it takes the
    /// largest that is there. Of the other formats it tells itself.
    /// </summary>
    public bool LacksImages(ReadOnlySpan<byte> file)
    {
        const int Header = 6;
        const int EntryLength = 16;
        if (this != Ico)
        {
            return false;
        }

        if (file.Length < Header)
        {
            return true;
        }

        int end = Header + EntryLength * BinaryPrimitives.ReadUInt16LittleEndian(file[4..]);
        for (int start = Header; start < end; start += EntryLength)
        {
            if (start + EntryLength > file.Length)
            {
                return true;
            }

            ReadOnlySpan<byte> entry = file.Slice(start, EntryLength);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
            long offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            if (offset + length > file.Length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a JPEG file may be arithmetic coded, so that a block may take next to nothing: it has the marker of such a
    /// frame, sequential or progressive, which compressed data without it cannot contain.
    /// </summary>
    private static bool IsArithmeticCoded(ReadOnlySpan<byte> file)
        => file.IndexOf(SequentialFrame) >= 0 || file.IndexOf(ProgressiveFrame) >= 0;

    private static ReadOnlySpan<byte> SequentialFrame => [0xFF, 0xC9];

    private static ReadOnlySpan<byte> ProgressiveFrame => [0xFF, 0xCA];
}
