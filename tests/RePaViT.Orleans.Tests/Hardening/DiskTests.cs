using RePaViT.Cluster.Parts;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests.Hardening;

/// <summary>Results that a full disk cannot hold: those of other parts stay, and the job goes on when there is room.</summary>
[TestClass]
public sealed class DiskTests
{
    [TestMethod]
    public void Results_that_a_full_disk_cannot_hold_are_an_error_that_costs_no_others()
    {
        const int Parts = 2;
        using var disk = new SmallDisk();
        ImageResult[] results = [.. Enumerable.Range(0, 1000).Select(i => new ImageResult($"{i}.png", "a", 0.5f, null))];
        PartFiles.Write(Work(0), results);
        disk.Fill();

        Assert.Contains(disk.Path, Assert.ThrowsExactly<IOException>(() => PartFiles.Write(Work(1), results)).Message);

        disk.MakeRoom();
        PartFiles.Write(Work(1), results);
        disk.Fill();
        Assert.Contains(PartFiles.ResultFile(disk.Path), Assert.ThrowsExactly<IOException>(() => PartFiles.Join(Work(Parts), CancellationToken.None)).Message);

        disk.MakeRoom();
        PartFiles.Join(Work(Parts), CancellationToken.None);
        Assert.HasCount(Parts * results.Length, File.ReadAllLines(PartFiles.ResultFile(disk.Path)));
        CollectionAssert.AreEqual(new[] { Path.GetFileName(PartFiles.ResultFile(disk.Path)) }, disk.FileNames.ToArray());

        PartWork Work(int part) => new(part, "list", 0, 0, 0, 1000L * part, results.Length, disk.Path, IsJoin: part == Parts);
    }
}
