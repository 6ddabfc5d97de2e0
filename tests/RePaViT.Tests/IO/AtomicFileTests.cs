using RePaViT.IO;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.IO;

[TestClass]
public sealed class AtomicFileTests
{
    [TestMethod]
    public void Replaces_the_file_and_leaves_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        File.WriteAllText(path, "a longer old content");

        AtomicFile.Write(path, stream => stream.Write("new"u8));

        Assert.AreEqual("new", File.ReadAllText(path));
        CollectionAssert.AreEqual(new[] { "weights.bin" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void A_failed_write_keeps_the_old_file_and_leaves_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        File.WriteAllText(path, "old");

        Assert.ThrowsExactly<TimeoutException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half of the new"u8);
            throw new TimeoutException();
        }));

        Assert.AreEqual("old", File.ReadAllText(path));
        CollectionAssert.AreEqual(new[] { "weights.bin" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void The_target_is_untouched_while_it_is_written()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        File.WriteAllText(path, "old");

        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.AreEqual("old", File.ReadAllText(path));
            Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(path, _ => { }), "two writers at once");
        });

        Assert.AreEqual("new", File.ReadAllText(path));
    }
}
