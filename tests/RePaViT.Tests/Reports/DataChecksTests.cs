using RePaViT.Reports;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class DataChecksTests
{
    private static readonly string[] Names = ["a", "b", "c"];

    [TestMethod]
    public void Duplicates_are_found_by_their_pixels()
    {
        InMemoryImageDataset training = Dataset((1, 0), (2, 1), (3, 0), (1, 0), (2, 0));
        InMemoryImageDataset validation = Dataset((3, 0), (4, 1), (3, 0));

        ReportData data = DataChecks.Run(training, validation, imageSize: 8, ["a row"], CancellationToken.None);

        Assert.AreEqual(2, data.SharedImages, "Two validation images have the pixels of a training image.");
        Assert.AreEqual(1, data.ContradictingGroups);
        Assert.AreEqual(4, data.Copies);
        CollectionAssert.AreEqual(
            new ReportImage[] { new(false, 1, 1), new(false, 4, 0) }, data.Duplicates[0].Images.ToArray(), "Different labels come first.");
        CollectionAssert.AreEqual(
            new ReportImage[] { new(false, 2, 0), new(true, 0, 0), new(true, 2, 0) }, data.Duplicates[1].Images.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 3, 2 }, data.Duplicates.Select(group => group.Count).ToArray());
        CollectionAssert.AreEqual(new[] { "a row" }, data.LeftOut.ToArray());
    }

    [TestMethod]
    public void Images_of_a_part_are_named_by_their_place_in_the_whole()
    {
        InMemoryImageDataset whole = Dataset([.. Enumerable.Range(0, 40).Select(i => (i == 39 ? 0 : i, i % 2))]);
        (IImageDataset training, IImageDataset validation) = whole.Split(0.5, seed: 1);

        ReportData data = DataChecks.Run(training, validation, imageSize: 8, [], CancellationToken.None);

        CollectionAssert.AreEquivalent(new[] { 0, 39 }, data.Duplicates.Single().Images.Select(image => image.Place).ToArray());
    }

    [TestMethod]
    public void The_same_pixels_in_another_shape_are_another_image()
    {
        var images = new InMemoryImageDataset([TestImages.Constant(2, 8, 5), TestImages.Constant(4, 4, 5)], [0, 0], Names);

        Assert.IsEmpty(DataChecks.Run(images, null, imageSize: 8, [], CancellationToken.None).Duplicates);
    }

    [TestMethod]
    public void Sizes_and_small_classes_are_counted()
    {
        var training = new InMemoryImageDataset(
            Enumerable.Range(0, 30).Select(i => TestImages.Random(5 + i, 40 - i, i)), Enumerable.Range(0, 30).Select(i => i < 24 ? 0 : 1), Names);

        ReportData data = DataChecks.Run(training, null, imageSize: 10, [], CancellationToken.None);

        Assert.AreEqual(new ReportImages(30, 5, 11, 20, 26, 34, 40, Small: 5), data.Training);
        Assert.IsNull(data.Validation);
        Assert.AreEqual(4, data.Imbalance);
        CollectionAssert.AreEqual(new[] { "b", "c" }, data.FewImages.ToArray());
    }

    private static InMemoryImageDataset Dataset(params (int Seed, int Label)[] images) => new(
        images.Select(image => TestImages.Random(8, 8, image.Seed)), images.Select(image => image.Label), Names);
}
