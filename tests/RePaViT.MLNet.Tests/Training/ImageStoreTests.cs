using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.MLNet.Training;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public class ImageStoreTests
{
    [TestMethod]
    public void Images_beyond_the_limit_go_to_a_file_that_vanishes_with_the_store()
    {
        using var folder = new TemporaryFolder();
        RgbImage[] images = [.. Enumerable.Range(1, 40).Select(i => TestImages.Random(i, 41 - i, seed: i))];
        using (var store = new ImageStore(folder.Path, memoryLimit: 10_000))
        {
            StoredImage[] stored = new StoredImage[images.Length];
            Parallel.For(0, images.Length, i => stored[i] = store.Add(images[i]));
            Assert.IsTrue(store.MemoryLength is > 0 and <= 10_000);
            Assert.AreEqual(images.Sum(image => image.Pixels.Length), store.MemoryLength + store.FileLength);
            Assert.AreEqual(1, folder.FileNames.Count());
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
