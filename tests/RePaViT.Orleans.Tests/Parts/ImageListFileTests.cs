using System.Text;
using RePaViT.Cluster.Parts;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests.Parts;

[TestClass]
public sealed class ImageListFileTests
{
    [TestMethod]
    [DataRow("a\nb\nc\nd\ne\n")]
    [DataRow("a\r\nb\r\n\r\nc\r\nd\r\n  \t\r\ne")]
    [DataRow("\n\n\uFEFFa\nb\nc\n\nd\n\n\ne\n\n", DisplayName = "A byte order mark that is none")]
    [DataRow("\uFEFFa\nb\nc\nd\ne", DisplayName = "A byte order mark")]
    public void Parts_have_the_lines_of_the_list(string text)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("list.txt");
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        for (int size = 1; size <= 6; size++)
        {
            (long images, long[] offsets) = ImageListFile.Index(path, size);
            Assert.AreEqual(5, images);
            Assert.HasCount((5 + size - 1) / size + 1, offsets);
            string[][] parts = [.. Enumerable.Range(0, offsets.Length - 1).Select(
                part => ImageListFile.Read(Work(path, offsets, part, Math.Min(size, 5 - part * size))))];
            string first = text.StartsWith('\n') ? "\uFEFFa" : "a";
            CollectionAssert.AreEqual(new[] { first, "b", "c", "d", "e" }, parts.SelectMany(part => part).ToArray());
            Assert.IsTrue(parts[..^1].All(part => part.Length == size));
        }
    }

    [TestMethod]
    public void A_line_of_nothing_but_a_byte_order_mark_counts_wherever_it_stands()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("list.txt");
        File.WriteAllText(path, "a\n\uFEFF\nb\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        (long images, long[] offsets) = ImageListFile.Index(path, 1);

        Assert.AreEqual(3, images);
        CollectionAssert.AreEqual(new[] { "\uFEFF" }, ImageListFile.Read(Work(path, offsets, 1, 1)));
    }

    [TestMethod]
    public void Names_keep_their_spaces_and_letters()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("list.txt");
        string[] names = [" leading", "trailing ", "größe/図.png", "a,b\"c"];
        File.WriteAllLines(path, names);

        (_, long[] offsets) = ImageListFile.Index(path, 4);

        CollectionAssert.AreEqual(names, ImageListFile.Read(Work(path, offsets, 0, 4)));
    }

    [TestMethod]
    public void A_list_that_has_changed_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("list.txt");
        File.WriteAllText(path, "a\nb\n");
        (_, long[] offsets) = ImageListFile.Index(path, 1);

        File.WriteAllText(path, "ab\n\n");
        Assert.Throws<InvalidDataException>(() => ImageListFile.Read(Work(path, offsets, 1, 1)));
        File.WriteAllText(path, "a\nb\nc\n");
        Assert.Throws<InvalidDataException>(() => ImageListFile.Read(Work(path, offsets, 0, 1)));
    }

    [TestMethod]
    public void What_is_no_list_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("list.txt");
        File.WriteAllText(path, "a\n" + new string('b', 100_000));

        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ImageListFile.Index(path, 1));

        StringAssert.Contains(exception.Message, path);
    }

    private static PartWork Work(string path, long[] offsets, int part, int images)
        => new(part, path, offsets[part], offsets[part + 1], offsets[^1], 0, images, "/results", IsJoin: false);
}
