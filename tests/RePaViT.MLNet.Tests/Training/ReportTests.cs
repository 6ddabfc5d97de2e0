using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>The report of a training, and probabilities that are calibrated.</summary>
[TestClass]
public sealed class ReportTests
{
    // Scores and their logarithms are 32-bit floats.
    private const double LogitTolerance = 1e-4;

    [TestMethod]
    public void The_report_says_what_the_transformer_does_and_names_rows()
    {
        using var setup = new TrainingSetup();
        ColorRow[] validation = [.. setup.Rows.Take(12)];

        // A copy of an image of training, and a label that is wrong.
        File.Copy(setup.Rows[20].ImagePath, setup.Rows[3].ImagePath, overwrite: true);
        validation[5] = new ColorRow { ImagePath = validation[5].ImagePath, Label = "red" };
        File.Delete(setup.Rows[30].ImagePath);
        ITransformer loader = setup.LoadBytes().Fit(setup.Data);
        IDataView validationData = loader.Transform(setup.Context.Data.LoadFromEnumerable(validation));
        var options = TrainingSetup.Options with
        {
            ReportPath = setup.PathOf("report.html"),
            ValidationSet = validationData,
            MaxUnreadableFraction = 0.1,
        };

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options)
            .Fit(loader.Transform(setup.Context.Data.LoadFromEnumerable(setup.Rows.Skip(12))));

        TrainingReport report = Read(setup);
        uint[] labels = [.. validationData.GetColumn<uint>("Label")];
        uint[] predicted = [.. model.Transform(validationData).GetColumn<uint>("PredictedLabel")];
        Assert.AreEqual(labels.Zip(predicted).Count(pair => pair.First == pair.Second), report.Classes.Sum(row => row.Correct));
        Assert.AreEqual(12, report.Images);
        Assert.HasCount(8, report.Epochs);
        Assert.AreEqual(1ul, report.Run.Recipe!.Seed, "The seed of the context.");
        Assert.AreEqual(model.Reparameterization.Deployed.Parameters, report.Comparison.Deployed.Parameters);
        Assert.Contains(validation[5].ImagePath, report.Mistakes.Single(mistake => mistake.Image.Place == 5).Image.Name);
        Assert.AreEqual(1, report.Data.SharedImages);
        ReportImage[] copies = [.. report.Data.Duplicates.Single(group => group.Images.Any(image => image.IsValidation)).Images];
        Assert.Contains(setup.Rows[20].ImagePath, copies[0].Name);
        Assert.Contains(setup.Rows[3].ImagePath, copies[1].Name);
        Assert.Contains(setup.Rows[30].ImagePath, report.Data.LeftOut.Single());
        Assert.IsFalse(report.IsCalibrated);
        Assert.Contains(report.Run.Runtime, File.ReadAllText(setup.PathOf("report.html")));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage == $"The report is '{setup.PathOf("report.html")}'."));
    }

    [TestMethod]
    public void Calibrated_probabilities_have_the_temperature_of_the_report_also_when_saved()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        var options = TrainingSetup.Options with { ValidationSetFraction = 0.3, Epoch = 3, LearningRate = 1e-3 };
        ImageClassificationRePaViTTransformer plain = setup.CreateTrainer(options).Fit(data);

        ImageClassificationRePaViTTransformer calibrated = setup.CreateTrainer(options with
        {
            CalibrateProbabilities = true, ReportPath = setup.PathOf("report.html"),
        }).Fit(data);

        TrainingReport report = Read(setup);
        Assert.IsTrue(report.IsCalibrated);
        double temperature = report.Calibrated!.Temperature;
        Assert.AreNotEqual(1, temperature, 0.01, "Otherwise the test shows nothing.");
        float[][] expected = TrainingSetup.Scores(plain, data);
        AssertDivided(expected, TrainingSetup.Scores(calibrated, data), temperature);

        setup.Context.Model.SaveAtomically(calibrated, data.Schema, setup.PathOf("model.zip"));
        AssertDivided(expected, TrainingSetup.Scores(setup.Context.Model.LoadRePaViT(setup.PathOf("model.zip")), data), temperature);
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.StartsWith("Probabilities are calibrated: ", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void What_learns_by_transfer_has_a_report_too_and_holds_images_out_if_it_is_calibrated()
    {
        using var setup = new TrainingSetup(images: 36);
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var other = new TrainingSetup(images: 12, classes: 2);
        ImageClassificationRePaViTTransformer initial = other.CreateTrainer(TrainingSetup.Options with { Epoch = 1 })
            .Fit(other.Prepare(other.LoadBytes()));
        var options = TrainingSetup.Options with { InitialModel = initial, ReportPath = setup.PathOf("report.html"), ValidationSetFraction = 0.25 };

        setup.CreateTrainer(options).Fit(data);
        TrainingReport onTraining = Read(setup);
        setup.CreateTrainer(options with { CalibrateProbabilities = true }).Fit(data);
        TrainingReport onValidation = Read(setup);

        Assert.AreEqual((false, 36), (onTraining.IsValidated, onTraining.Images));
        Assert.IsTrue(onTraining.Run.Remarks.Any(remark => remark.StartsWith("Transfer learning: a linear classifier", StringComparison.Ordinal)));
        Assert.IsEmpty(onTraining.Epochs);
        Assert.AreEqual((true, 9, true), (onValidation.IsValidated, onValidation.Images, onValidation.IsCalibrated));
    }

    [TestMethod]
    public void A_report_that_cannot_be_written_does_not_cost_the_model()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        string folder = Directory.CreateDirectory(setup.PathOf("reports")).FullName;
        var options = TrainingSetup.Options with
        {
            ReportPath = Path.Combine(folder, "report.html"),
            Epoch = 1,
            MetricsCallback = _ => Directory.Delete(folder),
        };

        Assert.IsNotNull(setup.CreateTrainer(options).Fit(data));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.Contains("was not written", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("missing/report.html")]
    [DataRow("report.pdf")]
    public void A_path_that_cannot_be_used_is_refused_before_anything_is_read(string name)
    {
        using var setup = new TrainingSetup();
        ArgumentException refusal = Assert.Throws<ArgumentException>(
            () => setup.CreateTrainer(TrainingSetup.Options with { ReportPath = setup.PathOf(name) }));
        Assert.StartsWith("ReportPath", refusal.Message);
    }

    [TestMethod]
    public void Calibration_needs_images_that_were_held_out()
    {
        using var setup = new TrainingSetup();
        ArgumentException refusal = Assert.Throws<ArgumentException>(
            () => setup.CreateTrainer(TrainingSetup.Options with { CalibrateProbabilities = true, ValidationSetFraction = null }));
        Assert.StartsWith("CalibrateProbabilities", refusal.Message);
    }

    private static TrainingReport Read(TrainingSetup setup) => TrainingReport.FromJson(File.ReadAllText(setup.PathOf("report.json")));

    /// <summary>Differences of logarithms are those of logits.</summary>
    private static void AssertDivided(float[][] plain, float[][] calibrated, double temperature)
    {
        foreach ((float[] before, float[] after) in plain.Zip(calibrated))
        {
            for (int i = 1; i < before.Length; i++)
            {
                double expected = Math.Log((double)before[i] / before[0]) / temperature;
                double actual = Math.Log((double)after[i] / after[0]);
                Assert.IsTrue(Math.Abs(expected - actual) <= LogitTolerance, $"{expected} and {actual}");
            }
        }
    }
}
