using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>Photos that are decoded smaller than they are, because no more is needed of them.</summary>
[TestClass]
public sealed class ScaledDecodingTests
{
    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg, 800, 600, 200, 800)]
    [DataRow(SKEncodedImageFormat.Jpeg, 800, 600, 150, 400)]
    [DataRow(SKEncodedImageFormat.Jpeg, 800, 600, 75, 200)]
    [DataRow(SKEncodedImageFormat.Jpeg, 800, 600, 4, 100)]
    [DataRow(SKEncodedImageFormat.Webp, 800, 600, 75, 200)]
    [DataRow(SKEncodedImageFormat.Png, 800, 600, 75, 800)]
    public void An_image_is_decoded_no_smaller_than_twice_what_it_is_reduced_to(
        SKEncodedImageFormat format, int width, int height, int reducedSide, int decodedWidth)
    {
        byte[] file = Draw(format, width, height);
        var preprocessing = new ImagePreprocessing { ReducedSide = reducedSide };

        RgbImage image = ImageFile.Decode(file, preprocessing);

        Assert.AreEqual(decodedWidth, image.Width);
        RgbImage expected = preprocessing.Reduce(ImageFile.Decode(file));
        RgbImage actual = preprocessing.Reduce(image);
        Assert.AreEqual((expected.Width, expected.Height), (actual.Width, actual.Height));
        double difference = expected.Pixels.ToArray().Zip(actual.Pixels.ToArray(), (x, y) => Math.Abs(x - y)).Average();
        Assert.IsLessThan(2, difference);
    }

    [TestMethod]
    public void Where_nothing_says_how_small_and_for_older_models_images_are_decoded_in_full()
    {
        byte[] file = Draw(SKEncodedImageFormat.Jpeg, 320, 240);

        Assert.AreEqual(320, ImageFile.Decode(file, new ImagePreprocessing()).Width);
        Assert.AreEqual(320, ImageFile.Decode(file, new ImagePreprocessing { ReducedSide = 10, Decoding = null }).Width);
    }

    [TestMethod]
    public void Of_an_icon_the_largest_image_is_taken_however_small_it_is_needed()
    {
        byte[] icon = ImageFiles.Ico(
            Draw(SKEncodedImageFormat.Png, 256, 256), Draw(SKEncodedImageFormat.Png, 128, 128), Draw(SKEncodedImageFormat.Png, 64, 64));

        Assert.AreEqual(256, ImageFile.Decode(icon, new ImagePreprocessing { ReducedSide = 32 }).Width);
    }

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg)]
    [DataRow(SKEncodedImageFormat.Webp)]
    public void A_photo_that_was_cut_off_is_refused_also_when_it_is_decoded_smaller(SKEncodedImageFormat format)
    {
        byte[] file = Draw(format, 800, 600);

        var exception = Assert.ThrowsExactly<InvalidDataException>(
            () => ImageFile.Decode(file.AsSpan(0, file.Length / 2), new ImagePreprocessing { ReducedSide = 50 }));

        StringAssert.Contains(exception.Message, "incomplete");
    }

    private static byte[] Draw(SKEncodedImageFormat format, int width, int height)
    {
        RgbImage image = TestImages.Create(width, height, (x, y, channel) => (int)(127 + 60 * Math.Sin(x / (9.0 + channel)) + 60 * Math.Cos(y / 13.0)));
        using var bitmap = new SKBitmap(width, height, SKColorType.Bgra8888, SKAlphaType.Opaque);
        bitmap.Pixels = [.. image.Pixels.ToArray().Chunk(3).Select(pixel => new SKColor(pixel[0], pixel[1], pixel[2]))];
        using SKData data = bitmap.Encode(format, 92);
        return data.ToArray();
    }
}
