using System.Buffers.Binary;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Images;

[TestClass]
public sealed class ImageFileTests
{
    public static IEnumerable<object[]> Formats() => [["png"], ["png interlaced"], ["jpeg"], ["jpeg gray"], ["webp"], ["webp lossless"], ["gif"], ["bmp"], ["bmp rle"]];

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Whole_files_give_what_ML_NET_makes_of_them(string format)
    {
        byte[] file = Create(format);
        using var stream = new MemoryStream(file);
        using MLImage expected = MLImage.CreateFromStream(stream);

        RgbImage actual = ImageFile.Decode(file);

        CollectionAssert.AreEqual(ImageReader.ToRgb(expected).Pixels.ToArray(), actual.Pixels.ToArray());
        CollectionAssert.AreEqual(actual.Pixels.ToArray(), ImageFile.Decode([.. file, .. new byte[100]]).Pixels.ToArray(), "what follows an image");
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void A_file_that_was_cut_off_anywhere_is_refused_unless_all_pixels_are_there(string format)
    {
        byte[] file = Create(format);
        byte[] whole = ImageFile.Decode(file).Pixels.ToArray();
        int accepted = 0;
        for (int length = 0; length < file.Length; length++)
        {
            try
            {
                CollectionAssert.AreEqual(whole, ImageFile.Decode(file.AsSpan(0, length)).Pixels.ToArray(), $"{length} of {file.Length} bytes");
                accepted++;
            }
            catch (InvalidDataException)
            {
            }
        }

        // The end of a file may say no more than that it is one: checksums and a last chunk, 20 bytes in a PNG.
        Assert.IsTrue(accepted <= 24, $"{accepted} of {file.Length} cut files were accepted.");
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Damage_gives_an_image_or_is_refused(string format)
    {
        byte[] file = Create(format);
        var random = new Random(format.Length);
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = [.. file];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                damaged[random.Next(random.Next(2) == 0 ? Math.Min(64, file.Length) : file.Length)] = (byte)random.Next(256);
            }

            try
            {
                ImageFile.Decode(damaged);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [TestMethod]
    [DataRow("png", 50000, 50000, "134217728")]
    [DataRow("png", 20000, 20000, "134217728")]
    [DataRow("png", 10000, 10000, "cannot hold")]
    [DataRow("gif", 65535, 65535, "134217728")]
    [DataRow("gif", 10000, 10000, "cannot hold")]
    [DataRow("bmp", 30000, 30000, "134217728")]
    [DataRow("bmp", 10000, 10000, "cannot hold")]
    public void A_size_that_is_only_claimed_is_refused_before_there_is_memory_for_it(string format, int width, int height, string named)
    {
        byte[] file = Create(format);
        switch (format)
        {
            case "png":
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
                BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
                BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), RePaViT.MLNet.Loading.Crc32.Compute(file.AsSpan(12, 17)));
                break;
            case "gif":
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(6), (ushort)width);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), (ushort)height);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
                break;
        }

        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file));
        StringAssert.Contains(refusal.Message, $"{width} x {height}");
        StringAssert.Contains(refusal.Message, named);
    }

    [TestMethod]
    public void Plain_images_that_are_compressed_as_far_as_their_format_goes_are_read()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(3000, 2000, SKColorType.Gray8, SKAlphaType.Opaque));
        foreach (SKEncodedImageFormat format in new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg })
        {
            using SKData data = bitmap.Encode(format, 0);
            Assert.AreEqual(3000, ImageFile.Decode(data.ToArray()).Width);
        }
    }

    [TestMethod]
    [DataRow(0x80000000u)]
    [DataRow(0xFFFFFFFFu)]
    [DataRow(0x7FFFFFFFu)]
    public void A_bitmap_whose_pixels_begin_outside_the_file_is_refused(uint offset)
    {
        byte[] file = Create("bmp");
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(10), offset);
        Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file));
        Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file.AsSpan(0, 54)));
    }

    [TestMethod]
    public void What_is_not_an_image_is_refused_with_the_formats_that_are_read()
    {
        foreach (byte[] file in new byte[][] { [1], "II*\0"u8.ToArray(), "<svg></svg>"u8.ToArray(), new byte[100] })
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file)).Message, "PNG");
        }

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode([])).Message, "empty");
    }

    private static byte[] Create(string format)
    {
        const int Width = 13;
        const int Height = 9;
        using var bitmap = new SKBitmap(new SKImageInfo(Width, Height, format == "jpeg gray" ? SKColorType.Gray8 : SKColorType.Bgra8888, SKAlphaType.Opaque));
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                bitmap.SetPixel(x, y, new SKColor((byte)(x * 19), (byte)(y * 27), (byte)(x * y * 2)));
            }
        }

        return format switch
        {
            "png" => Encode(SKEncodedImageFormat.Png),
            "png interlaced" => TestImageFiles.InterlacedPng(Width, Height),
            "jpeg" or "jpeg gray" => Encode(SKEncodedImageFormat.Jpeg),
            "webp" => Encode(SKEncodedImageFormat.Webp),
            "webp lossless" => bitmap.PeekPixels().Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 50)).ToArray(),
            "gif" => TestImageFiles.Gif(Width, Height),
            "bmp" => TestImageFiles.Bmp(Width, Height),
            _ => TestImageFiles.RleBmp(Width, Height),
        };

        byte[] Encode(SKEncodedImageFormat encoded)
        {
            using SKData data = bitmap.Encode(encoded, 80);
            return data.ToArray();
        }
    }
}
