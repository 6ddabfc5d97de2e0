using RePaViT.Tests.Support;

namespace RePaViT.Tests.Data;

[TestClass]
public class ImageDatasetTests
{
    [TestMethod]
    public void The_first_part_keeps_an_image_of_each_class()
    {
        (IImageDataset first, IImageDataset second) = TestImages.Dataset(7, 2, classes: 3).Split(0.99, seed: 1);
        CollectionAssert.AreEqual(new[] { 1, 1, 1 }, first.CountLabels());
        CollectionAssert.AreEqual(new[] { 2, 1, 1 }, second.CountLabels());
    }

    [TestMethod]
    public void A_split_holds_every_image_once_and_every_class_in_proportion()
    {
        InMemoryImageDataset dataset = TestImages.Dataset(90, 4, 3);
        (IImageDataset first, IImageDataset second) = dataset.Split(0.2, seed: 7);
        Assert.AreEqual(72, first.Count);
        Assert.AreEqual(18, second.Count);
        for (int label = 0; label < 3; label++)
        {
            Assert.AreEqual(6, Enumerable.Range(0, 18).Count(i => second.GetLabel(i) == label));
        }

        ReadOnlyMemory<byte>[] pixels =
            [.. new[] { first, second }.SelectMany(part => Enumerable.Range(0, part.Count).Select(i => part.GetImage(i).Pixels))];
        CollectionAssert.AllItemsAreUnique(pixels);
    }

    [TestMethod]
    public void A_split_depends_on_its_seed_alone()
    {
        InMemoryImageDataset dataset = TestImages.Dataset(90, 4, 3);
        CollectionAssert.AreEqual(Chosen(1), Chosen(1));
        CollectionAssert.AreNotEqual(Chosen(1), Chosen(2));

        ReadOnlyMemory<byte>[] Chosen(ulong seed)
        {
            IImageDataset second = dataset.Split(0.2, seed).Second;
            return [.. Enumerable.Range(0, second.Count).Select(i => second.GetImage(i).Pixels)];
        }
    }

    [TestMethod]
    public void A_split_that_leaves_nothing_is_refused()
    {
        InMemoryImageDataset dataset = TestImages.Dataset(4, 4, 2);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => dataset.Split(0, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => dataset.Split(1, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => dataset.Split(double.NaN, 1));
        Assert.ThrowsExactly<ArgumentException>(() => dataset.Split(0.01, 1));
    }

    [TestMethod]
    public void Channels_are_measured_over_all_pixels()
    {
        // Red is 0 or 255, green always 51, blue 0 in three of four pixels.
        RgbImage one = new(2, 1, new byte[] { 0, 51, 0, 255, 51, 0 });
        RgbImage two = new(1, 2, new byte[] { 0, 51, 0, 255, 51, 255 });
        (Rgb mean, Rgb deviation) = new InMemoryImageDataset([one, two], [0, 0], ["only"]).MeasureChannels();
        Assert.AreEqual(new Rgb(0.5f, 0.2f, 0.25f), mean);
        Assert.AreEqual(0.5f, deviation.Red);
        Assert.AreEqual(1 / 255f, deviation.Green);
        Assert.IsTrue(Math.Abs(deviation.Blue - Math.Sqrt(3) / 4) <= 1e-7);
    }

    [TestMethod]
    public void An_unacceptable_data_set_is_refused()
    {
        RgbImage image = TestImages.Constant(2, 2, 0);
        Refused(() => new InMemoryImageDataset([], [], ["a"]), "at least one image");
        Refused(() => new InMemoryImageDataset([image], [0, 1], ["a", "b"]), "2 labels for 1 images");
        Refused(() => new InMemoryImageDataset([image], [1], ["a"]), "Image 0 has label 1");
        Refused(() => new InMemoryImageDataset([image], [-1], ["a"]), "Image 0 has label -1");
        Refused(() => new InMemoryImageDataset([image], [0], ["a", " "]), "Class 1 has no name");
        Refused(() => new InMemoryImageDataset([image, default], [0, 0], ["a"]), "Image 1 has no pixels");
        InMemoryImageDataset dataset = new([image], [0], ["a"]);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => dataset.GetImage(1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => dataset.GetLabel(-1));
    }

    private static void Refused(Func<InMemoryImageDataset> create, string needed)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(create).Message, needed, StringComparison.Ordinal);
}
