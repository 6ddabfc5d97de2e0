using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Images;

/// <summary>Image files of every format: whole and cut off.</summary>
[TestClass]
public class ImageFileTests
{
    public static IEnumerable<object[]> Formats => ImageFiles.All.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Whole_files_have_the_pixels_that_ML_NET_decodes(string name)
    {
        byte[] file = ImageFiles.All[name];
        using var stream = new MemoryStream(file);
        using MLImage decoded = MLImage.CreateFromStream(stream);
        AreEqual(ImageReader.ToRgb(decoded, new ImageDecoding()), ImageFile.Decode(file));
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void A_file_cut_anywhere_is_refused_unless_all_its_pixels_are_there(string name)
    {
        byte[] file = ImageFiles.All[name];
        RgbImage whole = ImageFile.Decode(file);
        int refused = 0;
        for (int length = 0; length < file.Length; length++)
        {
            try
            {
                AreEqual(whole, ImageFile.Decode(file.AsSpan(0, length)));
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        // What ends a PNG file behind its pixels takes 20 bytes; behind the first image of an animation comes the second.
        int spare = name.EndsWith("animated", StringComparison.Ordinal) ? file.Length / 2 : 24;
        Assert.IsTrue(refused >= file.Length - spare, $"Only {refused} of {file.Length} lengths are refused.");
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void The_message_about_a_file_that_was_cut_says_so(string name)
    {
        byte[] file = ImageFiles.All[name];
        int length = file.Length / 3;
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file.AsSpan(0, length)));
        StringAssert.Contains(exception.Message, $"The {name.Split(' ', ',')[0]} file ");
        StringAssert.Contains(exception.Message, "incomplete");
        StringAssert.Contains(exception.Message, $"{length} bytes");
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Bytes_behind_the_end_do_no_harm(string name)
    {
        byte[] file = ImageFiles.All[name];
        AreEqual(ImageFile.Decode(file), ImageFile.Decode([.. file, .. new byte[100], .. "a maker's note"u8]));
    }

    [TestMethod]
    public void An_icon_that_lost_its_largest_image_is_not_read_as_a_smaller_one()
    {
        byte[] small = ImageFiles.Png(1, 1, 8, 2, [0, 1, 2, 3]);
        byte[] large = ImageFiles.Png(2, 1, 8, 2, [0, 1, 2, 3, 4, 5, 6]);
        byte[] icon = ImageFiles.Ico(small, large);
        Assert.AreEqual(2, ImageFile.Decode(icon).Width);
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(icon.AsSpan(0, icon.Length - 1)));
        StringAssert.Contains(exception.Message, $"The ICO file is incomplete: it ends after {icon.Length - 1} bytes.");
    }

    [TestMethod]
    [DataRow(0x80000000)]
    [DataRow(0xC7FFFF7F)]
    [DataRow(0xFFFFFFFF)]
    [DataRow(0x7FFFFFFFu)]
    public void Pixels_that_a_file_claims_to_have_elsewhere_are_a_refusal(uint offset)
    {
        foreach (int length in (int[])[0, 48])
        {
            byte[] file = ImageFiles.Bmp(4, 4, 24, 0, [], new byte[length], offset);
            Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(file));
        }
    }

    [TestMethod]
    public void Other_formats_are_refused_by_naming_those_that_are_read()
    {
        byte[][] others = [[1, 2, 3], [.. "II*\0"u8, 8, 0, 0, 0], [.. "<svg/>"u8], [0xFF], [.. "RIFF\0\0\0\0WAVE"u8]];
        foreach (byte[] other in others)
        {
            var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageFile.Decode(other));
            StringAssert.Contains(exception.Message, "PNG, JPEG, WebP, GIF, BMP, ICO and WBMP");
        }
    }

    [TestMethod]
    public void Files_are_decoded_on_many_threads_at_once()
    {
        byte[][] files = [.. ImageFiles.All.Values];
        RgbImage[] expected = Array.ConvertAll(files, file => ImageFile.Decode(file));
        Parallel.For(
            0,
            100 * files.Length,
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            i => AreEqual(expected[i % files.Length], ImageFile.Decode(files[i % files.Length])));
    }

    private static void AreEqual(RgbImage expected, RgbImage actual)
    {
        Assert.AreEqual((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.IsTrue(expected.Pixels.Span.SequenceEqual(actual.Pixels.Span), "The pixels differ.");
    }
}
