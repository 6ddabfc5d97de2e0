using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>Missing, damaged and empty image files, through both loaders.</summary>
[TestClass]
public class UnreadableImageTests
{
    private static readonly string[] _names = ["missing.png", "damaged.png", "empty.png"];

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void By_default_the_exception_lists_them(bool decoded)
    {
        using TrainingSetup setup = Create();
        IDataView data = setup.Prepare(decoded ? setup.LoadImages() : setup.LoadBytes());
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => setup.CreateTrainer().Fit(data));
        StringAssert.StartsWith(exception.Message, "3 of 48 training images in column 'Image' cannot be read");
        for (int i = 0; i < _names.Length; i++)
        {
            StringAssert.Contains(exception.Message, $"row {10 + i} (ImagePath '{setup.PathOf(_names[i])}'");
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Up_to_a_fraction_they_are_left_out_and_logged(bool decoded)
    {
        using TrainingSetup setup = Create();
        IDataView data = setup.Prepare(decoded ? setup.LoadImages() : setup.LoadBytes());
        setup.CreateTrainer(TrainingSetup.Options with { MaxUnreadableFraction = 0.1, Epoch = 1 }).Fit(data);
        foreach (string name in _names)
        {
            Assert.AreEqual(1, setup.Log.Count(message => message.RawMessage.Contains(name, StringComparison.Ordinal)), name);
        }

        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("39 images to train on, 6 to", StringComparison.Ordinal)));
        Assert.ThrowsExactly<InvalidDataException>(
            () => setup.CreateTrainer(TrainingSetup.Options with { MaxUnreadableFraction = 0.05 }).Fit(data));
    }

    [TestMethod]
    public void Nothing_but_unreadable_images_is_an_error_at_any_fraction()
    {
        using var setup = new TrainingSetup(images: 6);
        foreach (ColorRow row in setup.Rows)
        {
            row.ImagePath = setup.PathOf("nowhere.png");
        }

        IDataView data = setup.Prepare(setup.LoadImages());
        Assert.ThrowsExactly<InvalidDataException>(
            () => setup.CreateTrainer(TrainingSetup.Options with { MaxUnreadableFraction = 0.99 }).Fit(data));
    }

    private static TrainingSetup Create()
    {
        var setup = new TrainingSetup();
        File.WriteAllBytes(setup.PathOf("damaged.png"), File.ReadAllBytes(setup.Rows[0].ImagePath)[..50]);
        File.WriteAllBytes(setup.PathOf("empty.png"), []);
        for (int i = 0; i < _names.Length; i++)
        {
            setup.Rows[10 + i].ImagePath = setup.PathOf(_names[i]);
        }

        return setup;
    }
}
