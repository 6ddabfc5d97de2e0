using RePaViT.Models;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Models;

[TestClass]
public sealed class TemperatureScalingTests
{
    // Logits are 32-bit floats, whose last bit moves the best temperature by about as much.
    private const double TemperatureTolerance = 1e-5;

    // Weights and products of them are rounded to 32-bit floats, logits are of the order of 1.
    private const double LogitTolerance = 1e-5;

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(1.0)]
    [DataRow(2.5)]
    public void A_known_temperature_is_found(double temperature)
    {
        // Of images with the odds 4 : 1, and 3 : 2, as many have each label as the odds say, at that temperature.
        var logits = new List<float>();
        var labels = new List<int>();
        foreach ((double odds, int right) in new[] { (4.0, 8), (1.5, 6) })
        {
            for (int i = 0; i < 10; i++)
            {
                logits.AddRange((float)(temperature * Math.Log(odds)), 0);
                labels.Add(i < right ? 0 : 1);
            }
        }

        TemperatureFit fit = TemperatureScaling.Fit(new LabeledLogits([.. logits], [.. labels]));

        Assert.IsTrue(Math.Abs(fit.Temperature - temperature) <= TemperatureTolerance * temperature, $"{fit.Temperature}");
        Assert.IsTrue(fit.LossAfter <= fit.LossBefore + 1e-12, $"{fit}: roundings of a mean of 20 numbers.");
        Assert.AreEqual(20, fit.Images);
    }

    [TestMethod]
    [DataRow(0, 0.05)]
    [DataRow(1, 20.0)]
    public void Where_there_is_no_best_temperature_the_nearest_that_is_accepted_is_taken(int label, double expected)
        => Assert.AreEqual(
            expected, TemperatureScaling.Fit(new LabeledLogits([3, 1, 2, 0], [label, label])).Temperature, TemperatureTolerance * expected);

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Logits_are_divided_in_every_form_and_in_the_file(Architecture architecture)
    {
        var model = new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 3).Weights, ["a", "b", "c"]);
        float[] images = [.. RandomWeights.Floats(2 * 3 * 12 * 12, seed: 4).Select(value => 128 + 50 * value)];
        RePaViTModel scaled = model.WithTemperature(2.5);
        using var file = new MemoryStream();
        scaled.Reparameterize().Save(file);
        file.Position = 0;

        AssertDivided(model, scaled, images);
        AssertDivided(model.Reparameterize(), model.Reparameterize().WithTemperature(2.5), images);
        AssertDivided(model.Reparameterize(), RePaViTModel.Load(file), images);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(-1.0)]
    [DataRow(21.0)]
    [DataRow(double.NaN)]
    public void A_temperature_that_is_none_is_refused(double temperature)
    {
        var model = new RePaViTModel(
            TrainingRun.Mixer, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Mixer, seed: 3).Weights, ["a", "b", "c"]);
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => model.WithTemperature(temperature));
        Assert.Contains("0.05", refusal.Message);
    }

    private static void AssertDivided(RePaViTModel model, RePaViTModel scaled, float[] images)
    {
        float[] expected = new float[6];
        float[] actual = new float[6];
        model.ComputeLogits(images, expected);
        scaled.ComputeLogits(images, actual);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.IsTrue(Math.Abs(expected[i] / 2.5 - actual[i]) <= LogitTolerance * scale, $"{expected[i]} and {actual[i]}");
        }
    }
}
