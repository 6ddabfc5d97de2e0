using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.MLNet.Training;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public class ImageStoreTests
{
    [TestMethod]
    public void Images_beyond_the_limit_go_to_a_file_that_no_kill_leaves_behind()
    {
        using var folder = new TemporaryFolder();
        RgbImage[] images = [.. Enumerable.Range(1, 40).Select(i => TestImages.Random(i, 41 - i, seed: i))];
        using (var store = new ImageStore(folder.Path, memoryLimit: 10_000))
        {
            StoredImage[] stored = new StoredImage[images.Length];
            Parallel.For(0, images.Length, i => stored[i] = store.Add(images[i]));
            Assert.IsTrue(store.MemoryLength is > 0 and <= 10_000);
            Assert.AreEqual(images.Sum(image => image.Pixels.Length), store.MemoryLength + store.FileLength);
            Assert.AreEqual(OperatingSystem.IsWindows() ? 1 : 0, folder.FileNames.Count());
            Parallel.For(0, images.Length, i =>
            {
                RgbImage image = store.Get(stored[i]);
                Assert.AreEqual((images[i].Width, images[i].Height), (image.Width, image.Height));
                Assert.IsTrue(images[i].Pixels.Span.SequenceEqual(image.Pixels.Span));
            });
        }

        Assert.AreEqual(0, folder.FileNames.Count());
    }

    [TestMethod]
    public void Files_that_nobody_uses_are_removed_and_no_others()
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        string Name() => $"images-{Guid.NewGuid():N}.cache";
        string inUse = Name();
        string link = Name();
        string[] others = [$"{Name()}.txt", $"my-{Name()}", "images-of-cats.cache", "images-.cache"];
        string[] stay = [inUse, link, .. others];
        File.WriteAllText(folder.File(Name()), "pixels");
        File.WriteAllText(folder.File(Name()), "");
        File.WriteAllText(elsewhere.File("file"), "pixels");
        File.CreateSymbolicLink(folder.File(link), elsewhere.File("file"));
        foreach (string other in others)
        {
            File.WriteAllText(folder.File(other), "pixels");
        }

        using (new FileStream(folder.File(inUse), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        {
            new ImageStore(folder.Path, memoryLimit: 0).Dispose();
            CollectionAssert.AreEquivalent(stay, folder.FileNames.ToArray());
            Assert.AreEqual("pixels", File.ReadAllText(elsewhere.File("file")));
        }

        new ImageStore(folder.Path, memoryLimit: 0).Dispose();
        CollectionAssert.AreEquivalent(stay[1..], folder.FileNames.ToArray());
    }

    [TestMethod]
    public void Stores_that_begin_at_the_same_time_do_not_disturb_each_other()
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        RgbImage image = TestImages.Random(5, 6, seed: 1);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int round = 0; round < 50; round++)
            {
                // Moved there, since a file that is being written is in use.
                string name = $"images-{Guid.NewGuid():N}.cache";
                File.WriteAllText(elsewhere.File(name), "pixels");
                File.Move(elsewhere.File(name), folder.File(name));
                using var store = new ImageStore(folder.Path, memoryLimit: 0);
                StoredImage stored = store.Add(image);
                Assert.IsTrue(image.Pixels.Span.SequenceEqual(store.Get(stored).Pixels.Span));
            }
        });
        new ImageStore(folder.Path, memoryLimit: 0).Dispose();
        Assert.AreEqual(0, folder.FileNames.Count());
    }

    [TestMethod]
    public void Where_images_are_kept_changes_nothing()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { Epoch = 2 };
        float[][] memory = TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
        string workspace = setup.PathOf("workspace");
        var file = setup.CreateTrainer(options with { ImageCacheMemory = 0, WorkspacePath = workspace }).Fit(data);
        Assert.IsTrue(memory.Zip(TrainingSetup.Scores(file, data)).All(pair => pair.First.SequenceEqual(pair.Second)));
        Assert.IsTrue(Directory.Exists(workspace));
        Assert.AreEqual(0, Directory.GetFileSystemEntries(workspace).Length);
    }
}
