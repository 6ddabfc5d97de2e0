using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Training;
using RePaViT.Reports;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>The temperature that the validation images choose; null if it was not requested, or cannot be found.</summary>
    private TemperatureFit? Calibrate(RePaViTModel deployed, IImageDataset? validation, IChannel channel)
    {
        if (!_options.CalibrateProbabilities)
        {
            return null;
        }

        if (validation is null)
        {
            channel.Warning(MessageSensitivity.None, "Probabilities are not calibrated: there are no validation images.");
            return null;
        }

        // What was cancelled is to be of the kind that was requested, and this is one pass over the validation images.
        TemperatureFit fit = TemperatureScaling.Fit(deployed, validation);
        channel.Info(MessageSensitivity.None, string.Create(
            CultureInfo.InvariantCulture,
            $"Probabilities are calibrated: temperature {fit.Temperature:F3}, cross-entropy of {fit.Images} validation images {fit.LossBefore:F4} before and {fit.LossAfter:F4} after."));
        return fit;
    }

    /// <summary>Measures and writes the report. A failure is only a warning, because the trained model is worth more.</summary>
    private void Report(
        ReportFile file,
        ReportSource source,
        IDataView input,
        IImageDataset training,
        IImageDataset? validation,
        IReadOnlyList<string> leftOut,
        bool isCalibrated,
        IChannel channel)
    {
        try
        {
            var options = new TrainingReportOptions
            {
                LeftOut = leftOut,
                IsCalibrated = isCalibrated,
                Remarks = _options.UsesUnlabeled
                    ? ["Rows without a label were used for training too; here they count as the first class."]
                    : [],
            };

            // Training that was cancelled has a report as well; one that is cancelled now has none.
            CancellationToken token = _options.CancellationToken.IsCancellationRequested ? CancellationToken.None : _options.CancellationToken;
            TrainingReport report = ReportMeasurement.Run(source, training, validation, options, token);
            file.Write(ReportNames.Add(report, input, _options.ValidationSet));
            channel.Info(MessageSensitivity.UserData, $"The report is '{file.Path}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            channel.Warning(MessageSensitivity.UserData, $"The report '{file.Path}' was not written: {exception.Message}");
        }
    }
}
