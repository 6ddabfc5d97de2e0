using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests;

[TestClass]
public class ScratchFolderTests
{
    [TestMethod]
    public void What_a_killed_process_leaves_goes_with_the_next_start_and_what_a_live_one_uses_stays()
    {
        using var temporary = new TemporaryFolder();
        using var workspace = new TemporaryFolder();
        using var killed = new ChildProcess(ScratchChild.Command, temporary.Path, workspace.Path);
        killed.WaitForLine(ScratchChild.Started);
        string[] left = [.. temporary.FileNames!];
        Assert.AreEqual(2, left.Length);
        using var alive = new ChildProcess(ScratchChild.Command, temporary.Path, workspace.Path);
        alive.WaitForLine(ScratchChild.Started);
        string[] used = [.. temporary.FileNames.Except(left)!];
        Assert.AreEqual(2, used.Length);
        killed.Kill();
        CollectionAssert.IsSubsetOf(left, temporary.FileNames.ToArray());

        using (var next = new ChildProcess(ScratchChild.Command, temporary.Path, workspace.Path, ScratchChild.End))
        {
            next.WaitForSuccess();
        }

        CollectionAssert.AreEquivalent(used, temporary.FileNames.ToArray());
        string network = Directory.GetFiles(temporary.Path, ScratchFolder.NetworkName, SearchOption.AllDirectories).Single();
        Assert.AreEqual("network", File.ReadAllText(network));
        alive.Kill();
        Assert.AreEqual(0, workspace.FileNames.Count());
    }

    [TestMethod]
    public void Processes_that_start_at_once_all_clean_up_without_error()
    {
        using var temporary = new TemporaryFolder();
        using var workspace = new TemporaryFolder();
        for (int i = 0; i < 20; i++)
        {
            string folder = Directory.CreateDirectory(temporary.File($"RePaViT-{i}")).FullName;
            File.WriteAllText(Path.Combine(folder, "owner.lock"), "");
            File.WriteAllText(Path.Combine(folder, ScratchFolder.NetworkName), "network");
            File.WriteAllText(workspace.File($"images-{Guid.NewGuid():N}.cache"), "pixels");
        }

        ChildProcess[] children = [.. Enumerable.Range(0, 3).Select(
            _ => new ChildProcess(ScratchChild.Command, temporary.Path, workspace.Path, ScratchChild.End))];
        foreach (ChildProcess child in children)
        {
            using (child)
            {
                child.WaitForSuccess();
            }
        }

        Assert.AreEqual(0, temporary.FileNames.Count());
        Assert.AreEqual(0, workspace.FileNames.Count());
    }

    [TestMethod]
    public void Folders_that_may_be_somebody_elses_stay()
    {
        using var temporary = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        string Folder(string name, params string[] files)
        {
            string folder = Directory.CreateDirectory(temporary.File(name)).FullName;
            foreach (string file in files)
            {
                File.WriteAllText(Path.Combine(folder, file), "content");
            }

            return folder;
        }

        void MakeOld(string folder)
        {
            foreach (string file in Directory.GetFiles(folder))
            {
                File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-2));
            }

            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddDays(-2));
        }

        string cache = $"images-{Guid.NewGuid():N}.cache";
        MakeOld(Folder("RePaViT-of an earlier version, saving", ScratchFolder.NetworkName));
        MakeOld(Folder("RePaViT-of an earlier version, training", cache));
        MakeOld(Folder("RePaViT-killed at once"));
        string[] stay = ["RePaViT-being made", "RePaViT-results", "RePaViT-with a folder", "RePaViT-link", "RePaViT-link inside", "RePaViT-in use", "another"];
        Folder(stay[0]);
        MakeOld(Folder(stay[1], "owner.lock", ScratchFolder.NetworkName, "mine.txt"));
        Directory.CreateDirectory(Path.Combine(Folder(stay[2], "owner.lock"), "mine"));
        File.WriteAllText(elsewhere.File("owner.lock"), "");
        Directory.CreateSymbolicLink(temporary.File(stay[3]), elsewhere.Path);
        File.CreateSymbolicLink(Path.Combine(Folder(stay[4], "owner.lock"), ScratchFolder.NetworkName), elsewhere.File("owner.lock"));
        string inUse = Folder(stay[5], cache);
        MakeOld(Folder(stay[6], "owner.lock"));
        using (new FileStream(Path.Combine(inUse, cache), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            MakeOld(inUse);
            using var child = new ChildProcess(ScratchChild.Command, temporary.Path, elsewhere.Path, ScratchChild.End);
            child.WaitForSuccess();
        }

        CollectionAssert.AreEquivalent(stay, temporary.FileNames.ToArray());
        Assert.IsTrue(File.Exists(elsewhere.File("owner.lock")));
        Assert.IsTrue(File.Exists(Path.Combine(temporary.Path, stay[1], ScratchFolder.NetworkName)));
        Assert.IsTrue(File.Exists(Path.Combine(inUse, cache)));
    }
}
