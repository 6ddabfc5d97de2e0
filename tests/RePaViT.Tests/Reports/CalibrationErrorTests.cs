using RePaViT.Models;
using RePaViT.Reports;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class CalibrationErrorTests
{
    // Logits are logarithms rounded to 32-bit floats.
    private const double Tolerance = 1e-6;

    [TestMethod]
    public void The_error_is_that_computed_by_hand()
    {
        // 95 % sure and half of it right, 65 % and 55 % sure and right: (2 * 0.45 + 0.35 + 0.45) / 4.
        LabeledLogits answers = Answers((0.95, true), (0.95, false), (0.65, true), (0.55, true));

        ReportCalibration calibration = CalibrationError.Measure(answers, temperature: 1);

        Assert.AreEqual(0.425, calibration.ExpectedError, Tolerance);
        Assert.AreEqual(-(Math.Log(0.95) + Math.Log(0.05) + Math.Log(0.65) + Math.Log(0.55)) / 4, calibration.Loss, Tolerance);
        ReportBin last = calibration.Bins[9];
        Assert.AreEqual((2, 0.5), (last.Images, last.Accuracy!.Value));
        Assert.AreEqual(0.95, last.Confidence!.Value, Tolerance);
        CollectionAssert.AreEqual(new[] { 0, 0, 0, 0, 0, 1, 1, 0, 0, 2 }, calibration.Bins.Select(bin => bin.Images).ToArray());
        Assert.IsNull(calibration.Bins[0].Accuracy);
    }

    [TestMethod]
    public void A_temperature_makes_less_sure()
    {
        // 0.8 : 0.2 are the odds of 4, whose root is 2: 2 / 3.
        ReportCalibration calibration = CalibrationError.Measure(Answers((0.8, true)), temperature: 2);

        Assert.AreEqual(2.0 / 3, calibration.Bins[6].Confidence!.Value, Tolerance);
        Assert.AreEqual(1.0 / 3, calibration.ExpectedError, Tolerance);
    }

    [TestMethod]
    public void A_range_has_its_end_and_full_certainty_is_in_the_last()
    {
        ReportCalibration calibration = CalibrationError.Measure(new LabeledLogits([0, 0, 1000, 0], [0, 0]), temperature: 1);

        Assert.AreEqual(1, calibration.Bins[4].Images, "0.5 is where (0.4, 0.5] ends.");
        Assert.AreEqual(1, calibration.Bins[9].Images);
    }

    /// <summary>Two classes, of which the first is the more probable one.</summary>
    private static LabeledLogits Answers(params (double Probability, bool IsRight)[] images) => new(
        [.. images.SelectMany(image => new[] { (float)Math.Log(image.Probability), (float)Math.Log(1 - image.Probability) })],
        [.. images.Select(image => image.IsRight ? 0 : 1)]);
}
