using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Hardening;

/// <summary>Disks that are full, and folders that go away while a model is trained or saved.</summary>
[TestClass]
public sealed class DiskTests
{
    [TestMethod]
    public void A_model_that_a_full_disk_cannot_hold_costs_no_earlier_one()
    {
        using var disk = new SmallDisk();
        string path = disk.File("model.zip");
        AtomicSavingChild.Save(0, path);
        byte[] before = File.ReadAllBytes(path);
        disk.Fill();

        var exception = Assert.ThrowsExactly<IOException>(() => AtomicSavingChild.Save(1, path));

        Assert.Contains($"'{path}' cannot be written and keeps what it held", exception.Message);
        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
        CollectionAssert.AreEqual(new[] { "model.zip" }, disk.FileNames.ToArray());
        disk.MakeRoom();
        AtomicSavingChild.Save(1, path);
        Assert.AreEqual(1, AtomicSavingChild.Load(path));
    }

    [TestMethod]
    public void Images_that_a_full_disk_cannot_hold_are_an_error_that_names_the_workspace()
    {
        using var disk = new SmallDisk();
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        disk.Fill();

        var exception = Assert.ThrowsExactly<IOException>(
            () => setup.CreateTrainer(TrainingSetup.Options with { ImageCacheMemory = 0, WorkspacePath = disk.Path }).Fit(data));

        StringAssert.Contains(exception.Message, disk.Path, StringComparison.Ordinal);
        Assert.Contains("Another WorkspacePath may have more room", exception.Message);
        Assert.AreEqual(0, disk.FileNames.Count());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_ends_as_if_alone_where_its_folders_are_removed_or_full_in_its_midst(bool isRemoved)
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { Epoch = 3 };
        float[][] expected = TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
        using SmallDisk? disk = isRemoved ? null : new SmallDisk();
        string workspace = disk?.File("workspace") ?? setup.PathOf("workspace");
        string run = disk?.File("run") ?? setup.PathOf("run");

        var actual = setup.CreateTrainer(options with
        {
            WorkspacePath = workspace,
            ImageCacheMemory = 0,
            CheckpointFolder = run,
            ReportPath = Path.Combine(Path.GetDirectoryName(run)!, "report.html"),
            MetricsCallback = epoch =>
            {
                if (epoch.Epoch != 1)
                {
                    return;
                }

                disk?.Fill();
                if (isRemoved)
                {
                    Directory.Delete(workspace, recursive: true);
                    Directory.Delete(run, recursive: true);
                }
            },
        }).Fit(data);

        Assert.IsTrue(expected.Zip(TrainingSetup.Scores(actual, data)).All(pair => pair.First.SequenceEqual(pair.Second)));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("The checkpoint is not up to date. ", StringComparison.Ordinal)
            && message.RawMessage.Contains(run, StringComparison.Ordinal)));
        Assert.AreEqual(isRemoved, setup.Log.All(message => !message.RawMessage.Contains("was not written", StringComparison.Ordinal)));
    }
}
