using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>ML.NET's trainer with labels of every patch.</summary>
[TestClass]
public sealed class TokenLabelTests
{
    private static readonly LVViTArchitecture Student = new() { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, StemChannels = 12 };

    private static readonly MixerArchitecture Mixer = new() { Dim = 16, Depth = 2, ImageSize = 16, PatchSize = 8 };

    [TestMethod]
    public void A_teacher_that_was_trained_before_teaches_what_patches_show()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(Options(TokenLabels.FromTeacher(Teacher(setup, data)))).Fit(data);
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);
    }

    [TestMethod]
    public void A_file_has_labels_for_all_rows_also_those_that_are_held_out_or_left_out()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        RePaViTModel teacher = Teacher(setup, data);
        string labels = setup.PathOf("labels.safetensors");
        TokenLabelFile.Write(labels, teacher, Dataset(setup, teacher.ClassNames));
        File.WriteAllBytes(setup.Rows[1].ImagePath, [1, 2, 3]);
        ImageClassificationRePaViTTrainer.Options options = Options(TokenLabels.FromFile(labels)) with { MaxUnreadableFraction = 0.1 };
        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(data);

        IDataView readable = setup.Context.Data.SkipRows(data, 2);
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(readable)).MicroAccuracy >= 0.95);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_by_column_or_file()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        RePaViTModel teacher = Teacher(setup, data);
        TokenLabels labels = TokenLabels.FromTeacher(teacher);
        AssertRefused<ArgumentException>("ViTArchitecture has none", () => setup.CreateTrainer(TrainingSetup.Options with { TokenLabels = labels }));
        AssertRefused<ArgumentException>(
            "CutmixAlpha 1", () => setup.CreateTrainer(Options(labels) with { Recipe = new TrainingRecipe { Augmentation = AugmentationOptions.DeiT } }));

        var renamed = new RePaViTModel(teacher.Architecture, teacher.Form, teacher.Weights, ["x", "y", "z"]);
        AssertRefused<ArgumentException>(
            "Column 'Label' has keys that differ from the teacher's classes", () => setup.CreateTrainer(Options(TokenLabels.FromTeacher(renamed))).Fit(data));

        string file = setup.PathOf("labels.safetensors");
        TokenLabelFile.Write(file, teacher, Dataset(setup, teacher.ClassNames));
        IDataView fewer = setup.Context.Data.TakeRows(data, 30);
        AssertRefused<InvalidDataException>(
            $"{file}: Tensor 'classes' has labels for 48 images", () => setup.CreateTrainer(Options(TokenLabels.FromFile(file))).Fit(fewer));
    }

    private static ImageClassificationRePaViTTrainer.Options Options(TokenLabels labels)
        => TrainingSetup.Options with { Architecture = Student, TokenLabels = labels };

    private static RePaViTModel Teacher(TrainingSetup setup, IDataView data)
        => setup.CreateTrainer(TrainingSetup.Options with { Architecture = Mixer }).Fit(data).Model;

    private static InMemoryImageDataset Dataset(TrainingSetup setup, IReadOnlyList<string> classNames) => new(
        setup.Rows.Select(row => ImageFile.Decode(File.ReadAllBytes(row.ImagePath))), setup.Rows.Select(row => classNames.ToList().IndexOf(row.Label)), classNames);

    private static void AssertRefused<T>(string message, Action action)
        where T : Exception
        => StringAssert.Contains(Assert.ThrowsExactly<T>(action).Message, message);
}
