using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;

namespace RePaViT.MLNet.Training;

/// <summary>Tells the log how transfer learning goes.</summary>
/// <param name="channel">Receives messages.</param>
/// <param name="training">Gets the reports of fine-tuning.</param>
internal sealed class TransferLog(IChannel channel, IProgress<TrainingProgress> training) : IProgress<TransferProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private long _lastLine = Stopwatch.GetTimestamp();

    public void Report(TransferProgress value)
    {
        if (value.Training is not null)
        {
            training.Report(value.Training);
        }
        else if (Stopwatch.GetElapsedTime(_lastLine) >= Interval)
        {
            _lastLine = Stopwatch.GetTimestamp();
            channel.Info(MessageSensitivity.None, value.ToString());
        }
    }

    /// <summary>Says what was chosen, and why.</summary>
    public void Report(TransferResult result)
    {
        channel.Info(MessageSensitivity.None, Describe(result));
        foreach (string crossValidation in DescribeCrossValidation(result))
        {
            channel.Info(MessageSensitivity.None, crossValidation);
        }

        if (result.CheckpointFailure is string failure)
        {
            channel.Warning(MessageSensitivity.None, failure);
        }

        if (result.IsCancelled)
        {
            channel.Warning(MessageSensitivity.None, "Fine-tuning was cancelled; the model is the best so far.");
        }
    }

    public static string Describe(TransferResult result)
        => $"Transfer learning: {(result.Method == TransferMethod.Linear ? "a linear classifier on the model's features" : "fine-tuned")}. {result.Reason}";

    /// <summary>A sentence, if there was a cross-validation.</summary>
    public static string[] DescribeCrossValidation(TransferResult result) => result.CrossValidation is Evaluation crossValidation
        ? [string.Create(
            CultureInfo.InvariantCulture,
            $"Linear classifiers get {100 * crossValidation.Accuracy:F1} % right of {crossValidation.Images} images "
                + $"that they were not fitted to.")]
        : [];
}
