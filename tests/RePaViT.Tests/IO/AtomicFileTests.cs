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
    public void Killed_writers_leave_a_whole_file_and_what_they_leave_beside_it_goes_with_the_next_write()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.bin");
        using (var other = new ChildProcess(WritingChild.Arguments(path, value: 9)))
        {
            other.WaitForLine(WritingChild.Started);
            for (byte value = 1; value <= 3; value++)
            {
                using var child = new ChildProcess(WritingChild.Arguments(path, value));
                child.WaitForLine(WritingChild.Started);
                Thread.Sleep(20 * value);
                child.Kill();
                AssertWhole(path);
            }

            other.Kill();
        }

        WriteAll(path, value: 7);

        AssertWhole(path);
        Assert.AreEqual(7, File.ReadAllBytes(path)[0]);
        CollectionAssert.AreEqual(new[] { "weights.bin" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Pipes_and_devices_are_refused_and_stay()
    {
        using var folder = new TemporaryFolder();
        SpecialFile.CreatePipe(folder.File("pipe"));
        foreach (string path in new[] { folder.File("pipe"), "/dev/full" })
        {
            var exception = Assert.ThrowsExactly<UnauthorizedAccessException>(() => AtomicFile.Write(path, _ => { }));
            StringAssert.Contains(exception.Message, $"'{path}'", StringComparison.Ordinal);
            Assert.IsTrue(OrdinaryFile.IsSpecial(path) is true);
        }
    }

    [TestMethod]
    public void A_folder_that_goes_away_meanwhile_is_an_error_and_no_crash()
    {
        using var parent = new TemporaryFolder();
        string folder = Directory.CreateDirectory(parent.File("folder")).FullName;
        string path = Path.Combine(folder, "weights.bin");
        Exception exception = Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => Directory.Delete(folder, recursive: true)));
        StringAssert.Contains(exception.Message, path, StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_folder_is_refused_by_the_exception_that_is_documented()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("model.onnx"));
        var weights = new NamedTensors { { "a", new WeightTensor([1], 1) } };
        foreach (string path in new[] { folder.File("model.onnx"), folder.File("model.onnx/"), folder.File("none/"), folder.Path })
        {
            var exception = Assert.ThrowsExactly<UnauthorizedAccessException>(() => Safetensors.Write(path, weights));
            StringAssert.Contains(exception.Message, $"'{path}' is a folder", StringComparison.Ordinal);
        }

        CollectionAssert.AreEqual(new[] { "model.onnx" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void A_missing_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => AtomicFile.Write(folder.File("missing/file"), _ => { }));
        Assert.AreEqual(0, folder.FileNames.Count());
    }

    private static void WriteAll(string path, byte value) => AtomicFile.Write(path, stream => WritingChild.Write(stream, value));

    private static void AssertWhole(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        Assert.AreEqual(WritingChild.Length, content.Length);
        Assert.IsFalse(content.AsSpan().ContainsAnyExcept(content[0]), "bytes of two writers");
    }
}
