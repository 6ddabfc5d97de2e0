using System.Text.Json.Nodes;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class TrainingReportTests
{
    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with { GradientAccumulation = 1 };

    private static readonly InMemoryImageDataset Training = TrainingRun.Dataset(count: 36, seed: 1);
    private static readonly InMemoryImageDataset Validation = TrainingRun.Dataset(count: 18, seed: 2);

    [TestMethod]
    [DataRow(ChannelIdleMethod.Train)]
    [DataRow(ChannelIdleMethod.Convert)]
    public void What_is_reported_is_what_was_measured(ChannelIdleMethod method)
    {
        var rates = new List<double>();
        TrainingResult result = new Trainer(TrainingRun.Architecture, Recipe with { ChannelIdleMethod = method }).Fit(
            Training, Validation, new Immediate(progress => rates.AddRange(progress.FinishedEpoch is null ? [] : [progress.LearningRate])));
        RePaViTModel deployed = result.Deploy();
        IReadOnlyList<Prediction> before = Predict(result.Model);
        IReadOnlyList<Prediction> after = Predict(deployed);

        TrainingReport report = TrainingReport.Measure(result, Training, Validation);

        CollectionAssert.AreEqual(rates, report.Epochs.Select(epoch => epoch.LearningRate!.Value).ToList());
        CollectionAssert.AreEqual(
            result.History.ToList(),
            report.Epochs.Select(epoch => new EpochSummary(
                epoch.Epoch, epoch.TrainingLoss, epoch.TrainingAccuracy, new Evaluation(epoch.ValidationAccuracy!.Value, epoch.ValidationLoss!.Value, 18))).ToList());
        Assert.AreEqual(result.Best!.Epoch, report.BestEpoch);
        AssertNetwork(result.Model, report.Comparison.Trained);
        AssertNetwork(deployed, report.Comparison.Deployed);
        Assert.AreEqual(method == ChannelIdleMethod.Convert, report.Comparison.IsConverted);
        Assert.AreEqual(method == ChannelIdleMethod.Convert ? 2 : 0, report.Comparison.BlockErrors.Count);
        Assert.AreEqual(before.Zip(after).Count(pair => pair.First.Label != pair.Second.Label), report.Comparison.ChangedImages);
        Assert.AreEqual(18, report.Confusions.Sum(cell => cell.Images));
        Assert.AreEqual(
            after.Index().Count(entry => entry.Item.Label == Validation.GetLabel(entry.Index)), report.Classes.Sum(row => row.Correct));
        Assert.AreEqual(TemperatureScaling.Fit(deployed, Validation).Temperature, report.Calibrated!.Temperature);
        Assert.IsFalse(report.IsCalibrated);
        Assert.AreEqual(7ul, report.Run.Recipe!.Seed);
        Assert.AreEqual(9, report.Run.Recipe.BatchSize * 9 / 4, "The recipe is the one that was followed.");
        Assert.IsTrue(report.Run.TrainingSeconds > 0 && report.Comparison.Deployed.ImagesPerSecond > 0);
    }

    [TestMethod]
    public void Mistakes_are_the_surest_ones_and_have_a_picture_and_a_map()
    {
        RePaViTModel model = RandomModel();
        (int Index, Prediction Prediction)[] expected =
        [
            .. Predict(model).Index().Where(entry => entry.Item.Label != Validation.GetLabel(entry.Index))
                .OrderByDescending(entry => entry.Item.Probability).Take(4),
        ];

        TrainingReport report = TrainingReport.Measure(
            model, model.Reparameterize(), Training, Validation, new TrainingReportOptions { MaxMistakes = 4 });

        CollectionAssert.AreEqual(
            expected.Select(entry => (entry.Index, entry.Prediction.Label)).ToArray(),
            report.Mistakes.Select(mistake => (mistake.Image.Place, mistake.Predicted)).ToArray());
        foreach ((ReportMistake mistake, (int index, Prediction prediction)) in report.Mistakes.Zip(expected))
        {
            Assert.AreEqual(prediction.Probability, mistake.Probability, 1e-5, "Softmax of 32-bit floats.");
            Assert.AreEqual(prediction.Probabilities[Validation.GetLabel(index)], mistake.LabelProbability, 1e-5, "The same.");
            Assert.HasCount(9, mistake.Map);
            CollectionAssert.AreEqual("PNG"u8.ToArray(), mistake.Picture[1..4]);
        }

        Assert.IsEmpty(report.Epochs);
    }

    [TestMethod]
    public void Without_validation_images_the_report_says_so()
    {
        RePaViTModel model = RandomModel();

        TrainingReport report = TrainingReport.Measure(
            model, model.Reparameterize(), Training, options: new TrainingReportOptions { IsCalibrated = true });

        Assert.IsFalse(report.IsValidated || report.IsCalibrated);
        Assert.AreEqual(36, report.Images);
        Assert.IsNull(report.Calibrated);
        Assert.IsNull(report.Data.Validation);
    }

    [TestMethod]
    public void A_report_is_the_same_when_it_was_stored()
    {
        TrainingResult result = new Trainer(TrainingRun.Swin, Recipe).Fit(Training, Validation);
        string json = TrainingReport.Measure(result, Training, Validation).ToJson();

        TrainingReport read = TrainingReport.FromJson(json);

        Assert.AreEqual(json, read.ToJson());
        Assert.AreEqual(Recipe.LearningRate, read.Run.Recipe!.LearningRate);
        Assert.AreEqual("occlusion", (string?)JsonNode.Parse(json)!["mapKind"]);
        Assert.AreEqual(3, JsonNode.Parse(json)!["classes"]!.AsArray().Count);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("null")]
    [DataRow("{}")]
    [DataRow("{\"classes\": 3}")]
    public void A_text_that_is_no_report_is_refused(string json)
        => Assert.Throws<InvalidDataException>(() => TrainingReport.FromJson(json));

    [TestMethod]
    [DataRow("\"label\":0", "\"label\":3")]
    [DataRow("\"predicted\":", "\"predicted\":9")]
    [DataRow("\"remarks\":[]", "\"remarks\":[null]")]
    [DataRow("\"remarks\":[]", "\"remarks\":null")]
    [DataRow("\"confusions\":[", "\"confusions\":[null,")]
    [DataRow("\"bins\":[", "\"bins\":[null,")]
    public void A_report_that_contradicts_itself_is_refused(string right, string wrong)
    {
        RePaViTModel model = RandomModel();
        string json = TrainingReport.Measure(model, model.Reparameterize(), Training, Validation).ToJson();
        Assert.Contains(right, json);

        Assert.Throws<InvalidDataException>(() => TrainingReport.FromJson(json.Replace(right, wrong, StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Images_of_other_classes_are_refused()
    {
        RePaViTModel model = RandomModel();

        ArgumentException refusal = Assert.Throws<ArgumentException>(
            () => TrainingReport.Measure(model, model, Training, TestImages.Dataset(count: 8, size: 4, classes: 2)));

        Assert.Contains("validation", refusal.Message);
    }

    [TestMethod]
    [DataRow(-1)]
    [DataRow(101)]
    public void Options_that_are_not_accepted_are_refused(int mistakes)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(
            () => new TrainingReportOptions { MaxMistakes = mistakes }.Validate());
        Assert.Contains(nameof(TrainingReportOptions.MaxMistakes), refusal.Message);
    }

    private static RePaViTModel RandomModel() => new(
        TrainingRun.Architecture, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Architecture, seed: 5).Weights, Training.ClassNames);

    private static IReadOnlyList<Prediction> Predict(RePaViTModel model)
        => model.Predict([.. Enumerable.Range(0, Validation.Count).Select(Validation.GetImage)]);

    private static void AssertNetwork(RePaViTModel model, ReportNetwork actual)
    {
        Evaluation evaluation = model.Evaluate(Validation);
        using var file = new MemoryStream();
        model.Save(file);
        Assert.AreEqual(model.Cost.Parameters, actual.Parameters);
        Assert.AreEqual(model.Cost.MultiplyAdds, actual.MultiplyAdds);
        Assert.AreEqual(file.Length, actual.FileBytes);
        Assert.AreEqual(evaluation.Accuracy, actual.Accuracy);
        Assert.AreEqual(evaluation.Loss, actual.Loss, 1e-12, "The same sum in another order.");
    }

    private sealed class Immediate(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
