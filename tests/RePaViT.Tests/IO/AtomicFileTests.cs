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
        });

        Assert.AreEqual("new", File.ReadAllText(path));
    }

    [TestMethod]
    public void Writers_of_one_path_do_not_disturb_each_other()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, writer =>
        {
            byte[] content = new byte[20_000];
            Array.Fill(content, (byte)writer);
            for (int round = 0; round < 40; round++)
            {
                AtomicFile.Write(path, stream => stream.Write(content));
                byte[] found = File.ReadAllBytes(path);
                Assert.AreEqual(content.Length, found.Length);
                Assert.IsFalse(found.AsSpan().ContainsAnyExcept(found[0]), "one writer's content, whole");
            }
        });
        CollectionAssert.AreEqual(new[] { "weights.bin" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void What_killed_writers_left_goes_and_nothing_of_the_users()
    {
        using var folder = new TemporaryFolder();
        string[] users = ["model.onnx.partial", ".repavit-.partial", ".repavit-notes.partial", "weights.bin.partial"];
        foreach (string name in users)
        {
            File.WriteAllText(folder.File(name), "mine");
        }

        string left = folder.File($".repavit-{Guid.NewGuid():N}.partial");
        File.WriteAllText(left, "half");
        AtomicFile.Write(folder.File("weights.bin"), stream =>
        {
            Assert.IsFalse(File.Exists(left));

            // Another write meanwhile leaves this one's file alone.
            AtomicFile.Write(folder.File("other.bin"), other => other.Write("other"u8));
            stream.Write("new"u8);
        });

        CollectionAssert.AreEquivalent(users.Concat(["weights.bin", "other.bin"]).ToArray(), folder.FileNames.ToArray());
        Assert.IsTrue(users.All(name => File.ReadAllText(folder.File(name)) == "mine"));
        Assert.AreEqual("new", File.ReadAllText(folder.File("weights.bin")));
    }

    [TestMethod]
    public void A_link_stays_and_what_it_leads_to_is_replaced()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Links need a privilege on Windows.");
        }

        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        string target = elsewhere.File("weights.bin");
        File.WriteAllText(target, "old");
        File.CreateSymbolicLink(folder.File("middle.bin"), target);
        File.CreateSymbolicLink(folder.File("link.bin"), "middle.bin");
        File.CreateSymbolicLink(folder.File("nowhere.bin"), elsewhere.File("made.bin"));
        File.CreateSymbolicLink(folder.File("circle.bin"), "circle.bin");

        AtomicFile.Write(folder.File("link.bin"), stream => stream.Write("new"u8));
        AtomicFile.Write(folder.File("nowhere.bin"), stream => stream.Write("made"u8));
        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(folder.File("circle.bin"), _ => { }));

        Assert.AreEqual("new", File.ReadAllText(target));
        Assert.AreEqual("middle.bin", new FileInfo(folder.File("link.bin")).LinkTarget);
        Assert.AreEqual("made", File.ReadAllText(elsewhere.File("made.bin")));
    }

    [TestMethod]
    public void Permissions_stay()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no file modes.");
            return;
        }

        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        File.WriteAllText(path, "old");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.SetUnixFileMode(path, Mode);

        AtomicFile.Write(path, stream => stream.Write("new"u8));

        Assert.AreEqual(Mode, File.GetUnixFileMode(path));
    }

    [TestMethod]
    public void A_folder_is_refused_and_a_missing_one_too()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("folder"));
        StringAssert.Contains(
            Assert.ThrowsExactly<UnauthorizedAccessException>(() => AtomicFile.Write(folder.File("folder"), _ => { })).Message, "folder");
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => AtomicFile.Write(folder.File("missing/file"), _ => { }));
        Assert.AreEqual(0, Directory.GetFiles(folder.Path).Length);
    }
}
