using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>What the trainer does not accept, and that the message says what and why.</summary>
[TestClass]
public class RefusalTests
{
    [TestMethod]
    public void One_class_only()
    {
        using var setup = new TrainingSetup(images: 10, classes: 1);
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options, "All 10 training images have label 'red'");
    }

    [TestMethod]
    public void No_rows()
    {
        using var setup = new TrainingSetup(images: 6);
        IDataView data = setup.Prepare(setup.LoadBytes());
        IDataView none = setup.Context.Data.FilterRowsByColumn(data, nameof(ColorRow.Number), lowerBound: 100);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer().Fit(none)).Message, "data are empty");
    }

    [TestMethod]
    public void A_label_that_is_no_key()
    {
        using var setup = new TrainingSetup(images: 6);
        var images = setup.Context.Transforms.LoadRawImageBytes("Image", null, "ImagePath");
        IDataView data = images.Fit(setup.Data).Transform(setup.Data);
        foreach (Action use in new Action[]
        {
            () => setup.CreateTrainer().Fit(data),
            () => images.Append(setup.CreateTrainer()).Fit(setup.Data),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(use).Message, "MapValueToKey");
        }
    }

    [TestMethod]
    public void Half_a_character_in_a_label_or_a_name()
    {
        using var setup = new TrainingSetup(images: 6);
        setup.Rows[1].Label = "gr\ud800n";
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options, "The value of key 2 of column 'Label'");
        Assert.Contains(
            "PredictedLabelColumnName cannot be stored: at position 3",
            Assert.ThrowsExactly<ArgumentException>(
                () => (TrainingSetup.Options with { PredictedLabelColumnName = "Cat\udc31" }).Validate()).Message);
    }

    [TestMethod]
    [DataRow("Number")]
    [DataRow("ImagePath")]
    public void A_feature_column_without_images(string column)
    {
        using var setup = new TrainingSetup(images: 6);
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options with { FeatureColumnName = column }, $"Column '{column}'");
    }

    [TestMethod]
    public void A_vector_of_numbers_that_is_no_image()
    {
        using var setup = new TrainingSetup(images: 6);
        IEstimator<ITransformer> loader = setup.Context.Transforms.Conversion.MapValueToKey("Label")
            .Append(setup.Context.Transforms.Concatenate("Image", nameof(ColorRow.Number), nameof(ColorRow.Number)));
        Refused(setup, loader, TrainingSetup.Options, "Column 'Image'");
    }

    [TestMethod]
    [DataRow(1 / 255f, 0f, "No number in column 'Image' of the training data is above 1")]
    [DataRow(2f, 0f, "but 0 to 255 are needed")]
    [DataRow(1f, 128f, "but 0 to 255 are needed")]
    public void Pixels_on_another_scale(float scale, float offset, string message)
    {
        using var setup = new TrainingSetup(images: 6);
        IDataView data = setup.Prepare(setup.LoadImages()
            .Append(setup.Context.Transforms.ResizeImages("Image", 16, 16, "Image"))
            .Append(setup.Context.Transforms.ExtractPixels("Image", "Image", scaleImage: scale, offsetImage: offset)));
        try
        {
            setup.CreateTrainer().Fit(data);
            Assert.Fail("Accepted.");
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidDataException)
        {
            StringAssert.Contains(exception.Message, message);
        }
    }

    [TestMethod]
    public void Pixels_as_bytes()
    {
        using var setup = new TrainingSetup(images: 6);
        IEstimator<ITransformer> loader = setup.LoadImages()
            .Append(setup.Context.Transforms.ResizeImages("Image", 16, 16, "Image"))
            .Append(setup.Context.Transforms.ExtractPixels("Image", "Image", outputAsFloatArray: false));
        Refused(setup, loader, TrainingSetup.Options, "Column 'Image' of type Vector<Byte, 3, 16, 16> holds no images");
    }

    [TestMethod]
    public void A_label_that_is_a_hash()
    {
        using var setup = new TrainingSetup(images: 6);
        IEstimator<ITransformer> loader = setup.Context.Transforms.Conversion.Hash("Label", numberOfBits: 31)
            .Append(setup.Context.Transforms.LoadRawImageBytes("Image", null, "ImagePath"));
        Refused(setup, loader, TrainingSetup.Options, "Column 'Label' has 2147483648 classes");
    }

    [TestMethod]
    public void A_column_that_does_not_exist()
    {
        using var setup = new TrainingSetup(images: 6);
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options with { FeatureColumnName = "Photo" }, "There is no column 'Photo'. The columns are: ");
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options with { LabelColumnName = "Class" }, "There is no column 'Class'. The columns are: ");
    }

    [TestMethod]
    public void A_column_of_images_that_a_cache_dropped()
    {
        using var setup = new TrainingSetup(images: 6);
        IDataView cached = setup.Context.Data.Cache(setup.Prepare(setup.LoadImages()));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer().Fit(cached)).Message, "Cache");
    }

    [TestMethod]
    public void A_device_that_does_not_exist()
    {
        using var setup = new TrainingSetup(images: 6);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer(TrainingSetup.Options with { Device = (Device)7 })).Message,
            "Auto, Cuda or Cpu");
    }

    [TestMethod]
    public void A_workspace_that_cannot_be_written()
    {
        using var setup = new TrainingSetup(images: 6);
        string file = setup.PathOf("file");
        File.WriteAllText(file, "");
        Refused(
            setup, setup.LoadBytes(), TrainingSetup.Options with { WorkspacePath = Path.Combine(file, "folder") }, "WorkspacePath");
    }

    [TestMethod]
    public void A_batch_of_more_images_than_there_are()
    {
        using var setup = new TrainingSetup(images: 6);
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options with { BatchSize = 7 }, "BatchSize 7 is more than the 6");
    }

    [TestMethod]
    public void A_validation_set_with_other_keys()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView others = setup.Context.Data.LoadFromEnumerable(setup.Rows.Reverse());
        IDataView validation = setup.LoadBytes().Fit(others).Transform(others);
        Refused(setup, setup.LoadBytes(), TrainingSetup.Options with { ValidationSet = validation }, "that differ from those in the training data");
    }

    [TestMethod]
    public void Options_that_make_no_sense()
    {
        using var setup = new TrainingSetup(images: 6);
        foreach ((ImageClassificationRePaViTTrainer.Options options, string name) in new[]
        {
            (TrainingSetup.Options with { LabelColumnName = " " }, "LabelColumnName"),
            (TrainingSetup.Options with { ScoreColumnName = "PredictedLabel" }, "ScoreColumnName"),
            (TrainingSetup.Options with { PredictedLabelColumnName = "Label" }, "PredictedLabelColumnName"),
            (TrainingSetup.Options with { ScoreColumnName = "Image" }, "ScoreColumnName"),
            (TrainingSetup.Options with { Architecture = TrainingSetup.Options.Architecture with { ImageSize = 4104 } }, "ImageSize"),
            (TrainingSetup.Options with { ValidationSetFraction = 1 }, "ValidationSetFraction"),
            (TrainingSetup.Options with { Architecture = TrainingSetup.Options.Architecture with { IdleRatio = 1.5 } }, "IdleRatio"),
            (TrainingSetup.Options with { Architecture = TrainingSetup.Options.Architecture with { ImageSize = 12 } }, "ImageSize"),
            (TrainingSetup.Options with { Epoch = 0 }, "Epoch"),
            (TrainingSetup.Options with { BatchSize = 1 }, "BatchSize"),
            (TrainingSetup.Options with { LearningRate = double.NaN }, "LearningRate"),
            (TrainingSetup.Options with { MaxUnreadableFraction = 1 }, "MaxUnreadableFraction"),
            (TrainingSetup.Options with { ImageCacheMemory = -1 }, "ImageCacheMemory"),
            (TrainingSetup.Options with { Resume = true }, "CheckpointFolder"),
            (TrainingSetup.Options with { ValidationSetFraction = null, EarlyStoppingCriteria = new EarlyStopping() }, "ValidationSet"),
        })
        {
            ArgumentException? exception = null;
            try
            {
                setup.CreateTrainer(options);
            }
            catch (ArgumentException caught)
            {
                exception = caught;
            }

            Assert.IsNotNull(exception, name);
            StringAssert.Contains(exception.Message, name);
        }
    }

    private static void Refused(
        TrainingSetup setup, IEstimator<ITransformer> loader, ImageClassificationRePaViTTrainer.Options options, string message)
    {
        IDataView data = setup.Prepare(loader);
        var exception = Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer(options).Fit(data));
        StringAssert.Contains(exception.Message, message);
    }
}
