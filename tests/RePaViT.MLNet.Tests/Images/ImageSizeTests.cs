using RePaViT.MLNet.Images;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>Sizes that headers claim.</summary>
[TestClass]
public class ImageSizeTests
{
    public static IEnumerable<object[]> Oversized =>
    [
        ["PNG", 50_000, 50_000, ImageFiles.Png(50_000, 50_000, 8, 2, [])],
        ["PNG above the limit by a row", 16_384, 8193, ImageFiles.Png(16_384, 8193, 1, 0, [])],
        ["GIF", 65_535, 65_535, ImageFiles.Gif(65_535, 65_535, ImageFiles.Frame(1, 1, 1))],
        ["GIF whose frame is larger than its screen", 65_535, 65_535, ImageFiles.Gif(1, 1, ImageFiles.Frame(65_535, 65_535, 4, []))],
        ["BMP", 20_000, 20_000, ImageFiles.Bmp(20_000, 20_000, 24, 0, [], [])],
        ["BMP from the top", 30_000, 40_000, ImageFiles.Bmp(30_000, -40_000, 8, 1, new byte[1024], [0, 1])],
        ["JPEG", 65_500, 65_500, Jpeg(65_500, 65_500)],
        ["WebP", 16_384, 16_384, ImageFiles.WebP(ImageFiles.WebPChunk("VP8L", [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0]))],
        ["ICO", 40_000, 40_000, ImageFiles.Ico(ImageFiles.Png(40_000, 40_000, 8, 2, []))],
        ["WBMP", 16_383, 16_383, (byte[])[0, 0, 0xFF, 0x7F, 0xFF, 0x7F, 0, 0]],
    ];

    public static IEnumerable<object[]> Unjustified =>
    [
        ["PNG", ImageFiles.Png(10_000, 10_000, 1, 0, [])],
        ["GIF", ImageFiles.Gif(10_000, 10_000, ImageFiles.Frame(1, 1, 1))],
        ["BMP", ImageFiles.Bmp(10_000, 10_000, 24, 0, [], [])],
        ["BMP", ImageFiles.Bmp(10_000, 10_000, 8, 1, new byte[1024], [0, 1])],
        ["JPEG", Jpeg(10_000, 10_000)],
        ["ICO", ImageFiles.Ico(ImageFiles.Png(10_000, 10_000, 8, 2, []))],
        ["WBMP", (byte[])[0, 0, 0xCE, 0x10, 0xCE, 0x10, 0, 0]],
    ];

    [TestMethod]
    [DynamicData(nameof(Oversized))]
    public void More_pixels_than_the_limit_are_refused_from_the_header(string name, int width, int height, byte[] file)
    {
        InvalidDataException exception = Refuse(file);
        StringAssert.Contains(exception.Message, $"{width} x {height} pixels", name);
        StringAssert.Contains(exception.Message, $"{new ImageDecoding().MaxPixels}", name);
    }

    [TestMethod]
    [DynamicData(nameof(Unjustified))]
    public void More_pixels_than_the_file_can_hold_are_refused_from_the_header(string format, byte[] file)
        => StringAssert.Contains(
            Refuse(file).Message, $"The {format} file claims 10000 x 10000 pixels, more than its {file.Length} bytes can hold.");

    [TestMethod]
    public void A_plain_PNG_is_read_however_small_it_is()
    {
        // Above the size that is never questioned.
        const int Side = 2304;
        byte[] file = ImageFiles.Png(Side, Side, 1, 0, new byte[Side * (1 + Side / 8)]);
        Assert.IsTrue((double)Side * Side / file.Length > 6500, $"{file.Length} bytes");
        RgbImage image = ImageFile.Decode(file);
        Assert.AreEqual((Side, Side), (image.Width, image.Height));
        Assert.IsFalse(image.Pixels.Span.ContainsAnyExcept((byte)0));
    }

    [TestMethod]
    public void A_plain_GIF_is_read_however_small_it_is()
    {
        // Every code stands for the sequence before it and one more pixel, until the table is full; then for the longest.
        const int Side = 3600;
        const int ColorBits = 2;
        const int End = (1 << ColorBits) + 1;
        var codes = new List<(int Code, int Bits)> { (End - 1, ColorBits + 1), (0, ColorBits + 1) };
        int length = 1;
        for (int pixels = 1; pixels < Side * Side; pixels += length)
        {
            length = Math.Min(length + 1, 4096 - End);
            int code = End + length - 1;
            codes.Add((code, Math.Max(ColorBits + 1, 32 - int.LeadingZeroCount(Math.Min(code, 4095)))));
        }

        byte[] file = ImageFiles.Gif(Side, Side, ImageFiles.Frame(Side, Side, ColorBits, codes));
        Assert.IsTrue((double)Side * Side / file.Length > 1500, $"{file.Length} bytes");
        RgbImage image = ImageFile.Decode(file);
        Assert.AreEqual((Side, Side), (image.Width, image.Height));
    }

    [TestMethod]
    public void A_GIF_may_leave_out_most_of_a_screen_of_four_megapixels()
    {
        RgbImage image = ImageFile.Decode(ImageFiles.Gif(2048, 2048, ImageFiles.Frame(3, 3, 1)));
        Assert.AreEqual((2048, 2048), (image.Width, image.Height));
    }

    [TestMethod]
    [DataRow(0xC9)]
    [DataRow(0xCA)]
    public void Arithmetic_coding_may_hold_any_number_of_pixels(int frame)
    {
        const long Pixels = 10_000 * 10_000;
        byte[] file = Jpeg(10_000, 10_000);
        ImageFormat format = ImageFormat.Of(file)!;
        Assert.IsFalse(format.CanHold(Pixels, file));
        file[IndexOfFrame(file) + 1] = (byte)frame;
        Assert.IsTrue(format.CanHold(Pixels, file));
    }

    private static InvalidDataException Refuse(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsTrue(allocated < 1 << 20, $"{allocated} bytes were allocated.");
        return exception;
    }

    /// <summary>The small file of that format with another size in its header.</summary>
    private static byte[] Jpeg(int width, int height)
    {
        byte[] file = [.. ImageFiles.All["JPEG"]];
        int frame = IndexOfFrame(file);
        file[frame + 5] = (byte)(height >> 8);
        file[frame + 6] = (byte)height;
        file[frame + 7] = (byte)(width >> 8);
        file[frame + 8] = (byte)width;
        return file;
    }

    private static int IndexOfFrame(byte[] jpeg) => jpeg.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
}
