using System.Reflection;
using RePaViT.PhotoSimilarity.Tests.Support;
using RePaViT.Tests.Support;
using SkiaSharp;

namespace RePaViT.PhotoSimilarity.Tests;

/// <summary>What is read of files besides their features.</summary>
[TestClass]
public sealed class FileTests
{
    [TestMethod]
    public void Copies_are_files_of_the_same_bytes_and_not_of_the_same_length()
    {
        using var folder = new TemporaryFolder();
        Photo[] photos = [.. new[] { "abc", "abd", "abc", "abcd", "abd", "abc" }.Select((content, i) =>
        {
            File.WriteAllText(folder.File($"{i}.png"), content);
            return PhotoFiles.Describe(folder.File($"{i}.png"), folder.Path);
        })];
        File.Delete(photos[5].Path);

        CollectionAssert.AreEqual(new[] { 0, 1, 0, 3, 1, 5 }, FileCopies.Find(photos));
    }

    [TestMethod]
    public void Photos_are_found_in_all_folders_in_order_and_links_are_none()
    {
        using var album = new Album();
        Directory.CreateDirectory(album.PathOf("b"));
        string[] names = ["b/2.JPG", "a.png", "b/1.webp", "B.gif"];
        foreach (string name in names.Append("notes.txt"))
        {
            File.WriteAllText(album.PathOf(name), "content");
        }

        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(album.PathOf("link.png"), album.PathOf("a.png"));
            Directory.CreateSymbolicLink(album.PathOf("c"), album.PathOf("b"));
        }

        CollectionAssert.AreEqual(
            names.Order(StringComparer.Ordinal).ToArray(), PhotoFiles.Find(album.Photos).Select(photo => photo.Name).ToArray());
    }

    [TestMethod]
    public void A_thumbnail_is_upright_and_as_large_as_it_is_shown()
    {
        // Red above blue, and lying on its side in the file.
        string path = Path.Combine(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!, "exif6.jpg");
        RgbImage photo = ImageFile.Decode(File.ReadAllBytes(path));

        Thumbnail thumbnail = Thumbnail.Create(path)!;

        using SKBitmap picture = SKBitmap.Decode(thumbnail.Jpeg);
        Assert.AreEqual((photo.Width, photo.Height), (thumbnail.PhotoWidth, thumbnail.PhotoHeight));
        Assert.AreEqual((picture.Width, picture.Height), (thumbnail.Width, thumbnail.Height));
        SKColor top = picture.GetPixel(picture.Width / 2, 1);
        SKColor bottom = picture.GetPixel(picture.Width / 2, picture.Height - 2);
        Assert.IsTrue(top.Red > top.Blue + 100 && bottom.Blue > bottom.Red + 100, $"{top} above {bottom}");
    }

    [TestMethod]
    public void A_large_photo_becomes_small_and_keeps_its_shape()
    {
        using var album = new Album();
        using (var large = new SKBitmap(1000, 250))
        using (SKData png = large.Encode(SKEncodedImageFormat.Png, 100))
        {
            File.WriteAllBytes(album.PathOf("large.png"), png.ToArray());
        }

        Thumbnail thumbnail = Thumbnail.Create(album.PathOf("large.png"))!;

        Assert.AreEqual((160, 40), (thumbnail.Width, thumbnail.Height));
    }

    [TestMethod]
    public void A_file_that_is_gone_has_no_thumbnail() => Assert.IsNull(Thumbnail.Create("no-such-photo.png"));
}
