using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>Data sets that lack what others have: they are trained on, with a warning, or refused with what would be accepted.</summary>
[TestClass]
public sealed class SmallDataTests
{
    private static readonly ImageClassificationRePaViTTrainer.Options _options = TrainingSetup.Options with { Epoch = 1 };

    [TestMethod]
    public void A_batch_size_above_the_number_of_images_is_refused_with_what_would_be_accepted()
    {
        using var setup = new TrainingSetup(images: 12);

        var exception = Assert.ThrowsExactly<ArgumentException>(
            () => setup.CreateTrainer(_options with { BatchSize = 1000 }).Fit(setup.Prepare(setup.LoadBytes())));

        StringAssert.Contains(exception.Message, "BatchSize 1000 is more than the 12 training images: at most 12 is accepted.");
    }

    [TestMethod]
    public void A_class_may_have_one_image()
    {
        using var setup = new TrainingSetup(images: 13);
        IDataView data = View(setup, OneOfTheFirstClass(setup));

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(_options).Fit(data);

        Assert.HasCount(3, TrainingSetup.Scores(model, data)[0]);
        AssertWarned(setup, "Training without validation");
    }

    [TestMethod]
    public void A_fold_may_lack_a_class()
    {
        using var setup = new TrainingSetup(images: 13);
        IDataView data = View(setup, OneOfTheFirstClass(setup));

        IReadOnlyList<TrainCatalogBase.CrossValidationResult<MulticlassClassificationMetrics>> folds =
            setup.Context.MulticlassClassification.CrossValidate(data, setup.CreateTrainer(_options), numberOfFolds: 3);

        Assert.IsTrue(folds.All(fold => double.IsFinite(fold.Metrics.LogLoss)));
        AssertWarned(setup, $"No training image has these labels: {setup.Rows[0].Label}.");
    }

    [TestMethod]
    public void A_label_may_be_in_the_validation_set_alone()
    {
        using var setup = new TrainingSetup(images: 24);
        string missing = setup.Rows[0].Label;
        IDataView training = View(setup, setup.Rows.Where(row => row.Label != missing));

        ImageClassificationRePaViTTransformer model =
            setup.CreateTrainer(_options with { ValidationSet = View(setup, setup.Rows) }).Fit(training);

        Assert.HasCount(3, TrainingSetup.Scores(model, training)[0]);
        AssertWarned(setup, $"No training image has these labels: {missing}.");
    }

    private static IEnumerable<ColorRow> OneOfTheFirstClass(TrainingSetup setup)
        => setup.Rows.Where((row, i) => i == 0 || row.Label != setup.Rows[0].Label);

    /// <summary>Rows with the keys that all rows of the setup have.</summary>
    private static IDataView View(TrainingSetup setup, IEnumerable<ColorRow> rows)
        => setup.LoadBytes().Fit(setup.Data).Transform(setup.Context.Data.LoadFromEnumerable(rows));

    private static void AssertWarned(TrainingSetup setup, string text) => Assert.IsTrue(
        setup.Log.Any(message => message.Kind == ChannelMessageKind.Warning && message.Message.Contains(text, StringComparison.Ordinal)),
        string.Join('\n', setup.Log.Select(message => message.Message)));
}
