using Microsoft.ML;
using Microsoft.ML.Data;
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

    [TestMethod]
    [DataRow("photo.jpg", "JPEG")]
    [DataRow("photo.png", "PNG")]
    public void A_photo_that_was_cut_off_is_not_trained_on_and_not_scored(string name, string format)
    {
        using var setup = new TrainingSetup(images: 24);
        string photo = setup.PathOf(name);
        using (MLImage image = MLImage.CreateFromPixels(64, 64, MLPixelFormat.Rgba32, Noise(4 * 64 * 64)))
        {
            image.Save(photo);
        }

        byte[] whole = File.ReadAllBytes(photo);
        setup.Rows[5].ImagePath = photo;
        IDataView data = setup.Prepare(setup.LoadBytes());
        var model = setup.CreateTrainer(TrainingSetup.Options with { Epoch = 1 }).Fit(data);

        File.WriteAllBytes(photo, whole[..(whole.Length / 2)]);
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => setup.CreateTrainer().Fit(data));
        StringAssert.Contains(refusal.Message, $"row 5 (ImagePath '{photo}'");
        StringAssert.Contains(refusal.Message, $"The {format} file is incomplete");
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => TrainingSetup.Scores(model, data));
        StringAssert.Contains(exception.Message, "Row 5, column 'Image'");
        StringAssert.Contains(exception.Message, $"The {format} file is incomplete");
    }

    [TestMethod]
    public void A_file_that_claims_too_many_pixels_is_listed_with_the_others()
    {
        using var setup = new TrainingSetup(images: 24);
        setup.Rows[5].ImagePath = setup.PathOf("huge.png");
        File.WriteAllBytes(setup.Rows[5].ImagePath, ImageFiles.Png(50_000, 50_000, 8, 2, []));
        setup.Rows[7].ImagePath = setup.PathOf("elsewhere.bmp");
        File.WriteAllBytes(setup.Rows[7].ImagePath, ImageFiles.Bmp(4, 4, 24, 0, [], [], offset: 0x80000000));
        IDataView data = setup.Prepare(setup.LoadBytes());
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => setup.CreateTrainer().Fit(data));
        StringAssert.StartsWith(refusal.Message, "2 of 24 training images in column 'Image' cannot be read");
        StringAssert.Contains(refusal.Message, $"row 5 (ImagePath '{setup.Rows[5].ImagePath}'");
        StringAssert.Contains(refusal.Message, "The image has 50000 x 50000 pixels");
        StringAssert.Contains(refusal.Message, $"row 7 (ImagePath '{setup.Rows[7].ImagePath}'");
    }

    private static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        new Random(1).NextBytes(noise);
        for (int alpha = 3; alpha < length; alpha += 4)
        {
            noise[alpha] = byte.MaxValue;
        }

        return noise;
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
