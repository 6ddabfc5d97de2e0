using System.Numerics.Tensors;
using RePaViT.Models;

namespace RePaViT.Reports;

/// <summary>Compares how sure a network is with how often it is right (Guo et al., arXiv 1706.04599, section 2).</summary>
internal static class CalibrationError
{
    private const int Bins = 10;

    public static ReportCalibration Measure(LabeledLogits answers, double temperature)
    {
        int[] images = new int[Bins];
        int[] correct = new int[Bins];
        double[] confidence = new double[Bins];
        double[] probabilities = new double[answers.Classes];
        for (int image = 0; image < answers.Count; image++)
        {
            answers.Probabilities(image, temperature, probabilities);
            double most = TensorPrimitives.Max<double>(probabilities);

            // A range has its end, and not its beginning.
            int bin = Math.Clamp((int)Math.Ceiling(most * Bins) - 1, 0, Bins - 1);
            images[bin]++;
            confidence[bin] += most;
            correct[bin] += answers.Predicted(image) == answers.Label(image) ? 1 : 0;
        }

        double error = Enumerable.Range(0, Bins).Sum(bin => Math.Abs(correct[bin] - confidence[bin])) / answers.Count;
        return new ReportCalibration(temperature, answers.Loss(temperature), error,
        [
            .. Enumerable.Range(0, Bins).Select(bin => new ReportBin(
                (double)bin / Bins,
                (bin + 1.0) / Bins,
                images[bin],
                images[bin] == 0 ? null : confidence[bin] / images[bin],
                images[bin] == 0 ? null : (double)correct[bin] / images[bin])),
        ]);
    }
}
