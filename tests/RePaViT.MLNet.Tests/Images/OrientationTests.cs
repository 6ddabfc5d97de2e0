using RePaViT.MLNet.Tests.Support;
using SkiaSharp;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>Photos as phones write them.</summary>
[TestClass]
public sealed class OrientationTests
{
    // A JPEG file is not exact, and its colors run into each other where quarters meet.
    private const int Tolerance = 40;
    private const int Margin = 4;

    public static IEnumerable<object?[]> Files =>
        from format in OrientedFiles.Formats
        from orientation in Enumerable.Range(1, 8).Cast<int?>().Prepend(null)
        from isLittleEndian in (bool[])[true, false]
        select new object?[] { format, orientation, isLittleEndian };

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Every_orientation_of_every_format_comes_out_upright(string format, int? orientation, bool isLittleEndian)
    {
        RgbImage image = ImageFile.Decode(OrientedFiles.Create(format, orientation, isLittleEndian));

        Assert.AreEqual((OrientedFiles.Width, OrientedFiles.Height), (image.Width, image.Height));
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                if (Math.Abs(2 * x - image.Width) < 2 * Margin || Math.Abs(2 * y - image.Height) < 2 * Margin)
                {
                    continue;
                }

                SKColor expected = OrientedFiles.Quarter(x, y);
                ReadOnlySpan<byte> actual = image.Pixels.Span.Slice(3 * (y * image.Width + x), 3);
                Assert.IsLessThanOrEqualTo(Tolerance, Math.Abs(actual[0] - expected.Red), $"red at {x}, {y}");
                Assert.IsLessThanOrEqualTo(Tolerance, Math.Abs(actual[1] - expected.Green), $"green at {x}, {y}");
                Assert.IsLessThanOrEqualTo(Tolerance, Math.Abs(actual[2] - expected.Blue), $"blue at {x}, {y}");
            }
        }
    }

    [TestMethod]
    [DataRow("JPEG")]
    [DataRow("PNG")]
    [DataRow("WebP")]
    public void Orientation_is_left_alone_where_that_is_asked_for(string format)
    {
        RgbImage image = ImageFile.Decode(OrientedFiles.Create(format, 6), new ImageDecoding { FollowOrientation = false });

        Assert.AreEqual((OrientedFiles.Height, OrientedFiles.Width), (image.Width, image.Height));
    }

    [TestMethod]
    [DataRow("exif3.jpg")]
    [DataRow("exif6.jpg")]
    public void Photos_of_others_come_out_with_red_above_blue(string name)
    {
        RgbImage image = ImageFile.Decode(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", name)));

        Assert.AreEqual((60, 40), (image.Width, image.Height));
        ReadOnlySpan<byte> pixels = image.Pixels.Span;
        ReadOnlySpan<byte> top = pixels.Slice(3 * (5 * 60 + 30), 3);
        ReadOnlySpan<byte> bottom = pixels.Slice(3 * (35 * 60 + 30), 3);
        Assert.IsTrue(top[0] > 200 && top[2] < 60 && bottom[0] < 60 && bottom[2] > 200, $"{top[0]} {top[2]} {bottom[0]} {bottom[2]}");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(9)]
    [DataRow(30_000)]
    public void An_orientation_that_there_is_not_counts_as_upright(int orientation)
    {
        byte[] upright = OrientedFiles.Create("PNG", null);

        RgbImage image = ImageFile.Decode(ImageFiles.WithChunk(upright, "eXIf", OrientedFiles.Exif(orientation, isLittleEndian: true)));

        CollectionAssert.AreEqual(ImageFile.Decode(upright).Pixels.ToArray(), image.Pixels.ToArray());
    }

    [TestMethod]
    public void WebP_metadata_behind_what_JPEG_files_need_are_read()
    {
        byte[] file = OrientedFiles.Create("WebP", 6);
        int chunk = file.AsSpan().LastIndexOf("EXIF"u8);
        byte[] prefixed = ImageFiles.WebP(
            [.. file[12..chunk], .. ImageFiles.WebPChunk("EXIF", [.. "Exif\0\0"u8, .. OrientedFiles.Exif(6, isLittleEndian: true)])]);

        CollectionAssert.AreEqual(ImageFile.Decode(file).Pixels.ToArray(), ImageFile.Decode(prefixed).Pixels.ToArray());
    }

    [TestMethod]
    public void Metadata_that_are_cut_off_anywhere_are_no_failure()
    {
        byte[] upright = OrientedFiles.Create("PNG", null);
        byte[] exif = OrientedFiles.Exif(6, isLittleEndian: false);
        for (int length = 0; length < exif.Length; length++)
        {
            RgbImage image = ImageFile.Decode(ImageFiles.WithChunk(upright, "eXIf", exif[..length]));
            Assert.AreEqual(OrientedFiles.Width * OrientedFiles.Height, image.Width * image.Height, $"{length} bytes");
        }

        byte[] far = [.. "II*\0"u8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0];
        Assert.AreEqual(OrientedFiles.Width, ImageFile.Decode(ImageFiles.WithChunk(upright, "eXIf", far)).Width);
    }
}
