using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Tests.Support;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>What is behind transparent pixels.</summary>
[TestClass]
public sealed class TransparencyTests
{
    private static readonly ImageDecoding _overBlue = new() { Background = new Rgb(0, 0, 1) };

    [TestMethod]
    [DataRow("transparent.png", 255, 255, 255)]
    [DataRow("half.png", 255, 127, 127)]
    public void Files_of_others_are_blended_with_white(string name, int red, int green, int blue)
        => AreAll(red, green, blue, ImageFile.Decode(Read(name)));

    [TestMethod]
    [DataRow("palette_transparent.png")]
    [DataRow("gray_alpha.png")]
    public void What_is_transparent_is_the_background_and_all_else_stays(string name)
    {
        byte[][] white = [.. ImageFile.Decode(Read(name)).Pixels.ToArray().Chunk(3)];
        byte[][] blue = [.. ImageFile.Decode(Read(name), _overBlue).Pixels.ToArray().Chunk(3)];

        int transparent = 0;
        foreach ((byte[] overWhite, byte[] overBlue) in white.Zip(blue))
        {
            if (!overWhite.SequenceEqual(overBlue))
            {
                CollectionAssert.AreEqual((byte[])[255, 255, 255], overWhite);
                CollectionAssert.AreEqual((byte[])[0, 0, 255], overBlue);
                transparent++;
            }
        }

        Assert.IsTrue(transparent > 0 && transparent < white.Length, $"{transparent} of {white.Length}");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(64)]
    [DataRow(128)]
    [DataRow(254)]
    [DataRow(255)]
    public void Every_format_is_blended_in_the_same_way(int alpha)
    {
        var color = new SKColor(200, 100, 7, (byte)alpha);
        foreach ((string name, byte[] file) in Files(color))
        {
            AreAll(Over(color.Red, 255), Over(color.Green, 255), Over(color.Blue, 255), ImageFile.Decode(file), name);
            AreAll(Over(color.Red, 0), Over(color.Green, 0), Over(color.Blue, 255), ImageFile.Decode(file, _overBlue), name);
        }

        int Over(byte sample, int background) => (int)Math.Round((sample * alpha + background * (255 - alpha)) / 255.0);
    }

    [TestMethod]
    public void A_transparent_color_of_a_GIF_is_the_background()
    {
        // A graphic control extension makes color 0 transparent; all pixels have it.
        byte[] control = [0x21, 0xF9, 4, 1, 0, 0, 0, 0];
        byte[] frame = ImageFiles.Frame(2, 2, 4, [(16, 5), (0, 5), (0, 5), (0, 5), (0, 5), (17, 5)]);

        AreAll(255, 255, 255, ImageFile.Decode(ImageFiles.Gif(2, 2, [.. control, .. frame])));
    }

    [TestMethod]
    public void Decoded_images_are_blended_whether_their_colors_are_multiplied_or_not()
    {
        byte[] multiplied = [128, 0, 0, 128];
        byte[] plain = [255, 0, 0, 128];

        AreAll(255, 127, 127, Blend(multiplied, new ImageDecoding()));
        AreAll(255, 127, 127, Blend(plain, new ImageDecoding()));
        AreAll(128, 0, 127, Blend(plain, _overBlue));
        AreAll(128, 0, 0, Blend(multiplied, null));

        static RgbImage Blend(byte[] pixel, ImageDecoding? decoding)
        {
            using var image = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [.. pixel, .. pixel]);
            return ImageReader.ToRgb(image, decoding);
        }
    }

    [TestMethod]
    public void Models_from_before_there_was_a_choice_see_black_behind_and_photos_as_the_sensor_saw_them()
    {
        var older = new ImagePreprocessing { Decoding = null };

        AreAll(0, 0, 0, ImageFile.Decode(Files(new SKColor(200, 100, 7, 0))["PNG"], older));
        RgbImage photo = ImageFile.Decode(OrientedFiles.Create("JPEG", 6), older);
        Assert.AreEqual((OrientedFiles.Height, OrientedFiles.Width), (photo.Width, photo.Height));
    }

    [TestMethod]
    [DataRow(-0.1f)]
    [DataRow(1.1f)]
    [DataRow(float.NaN)]
    public void A_background_that_is_no_color_is_refused(float value)
    {
        byte[] file = ImageFiles.All["PNG"];

        var exception = Assert.ThrowsExactly<ArgumentException>(
            () => ImageFile.Decode(file, new ImageDecoding { Background = new Rgb(0, value, 0) }));

        StringAssert.Contains(exception.Message, "from 0 to 1");
    }

    [TestMethod]
    public void The_limit_of_pixels_can_be_chosen()
    {
        byte[] file = ImageFiles.All["PNG"];
        RgbImage image = ImageFile.Decode(file);

        Assert.AreEqual(image.Width, ImageFile.Decode(file, new ImageDecoding { MaxPixels = image.Width * image.Height }).Width);
        var exception = Assert.ThrowsExactly<InvalidDataException>(
            () => ImageFile.Decode(file, new ImageDecoding { MaxPixels = image.Width * image.Height - 1 }));
        StringAssert.Contains(exception.Message, $"at most {image.Width * image.Height - 1}");
        Assert.Throws<ArgumentException>(() => ImageFile.Decode(file, new ImageDecoding { MaxPixels = 0 }));
        Assert.Throws<ArgumentException>(() => ImageFile.Decode(file, new ImageDecoding { MaxPixels = int.MaxValue }));
    }

    /// <summary>Two by two pixels of a color.</summary>
    private static Dictionary<string, byte[]> Files(SKColor color)
    {
        byte[] row = [0, color.Red, color.Green, color.Blue, color.Alpha, color.Red, color.Green, color.Blue, color.Alpha];
        byte[] png = ImageFiles.Png(2, 2, 8, 6, [.. row, .. row]);
        byte[] palette = ImageFiles.Png(2, 2, 8, 3, [0, 0, 0, 0, 0, 0], palette: [color.Red, color.Green, color.Blue]);
        return new()
        {
            ["PNG"] = png,
            ["PNG of a palette"] = ImageFiles.WithChunk(palette, "tRNS", [color.Alpha]),
            ["ICO"] = ImageFiles.Ico(png),
            ["WebP"] = WebP(color),
        };
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));

    private static byte[] WebP(SKColor color)
    {
        using var bitmap = new SKBitmap(2, 2, SKColorType.Bgra8888, SKAlphaType.Unpremul);
        bitmap.Erase(color);
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData data = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100));
        return data.ToArray();
    }

    private static void AreAll(int red, int green, int blue, RgbImage image, string name = "")
    {
        byte[] expected = [.. Enumerable.Range(0, image.Width * image.Height).SelectMany(_ => new[] { (byte)red, (byte)green, (byte)blue })];
        CollectionAssert.AreEqual(expected, image.Pixels.ToArray(), $"{name}: {string.Join(' ', image.Pixels.ToArray().Take(3))} in place of {red} {green} {blue}");
    }
}
