using System.Globalization;

namespace RePaViT;

/// <summary>The progress of a training run. Reported at most ten times a second, and after every epoch.</summary>
public sealed record TrainingProgress
{
    /// <summary>The epoch in progress or just finished, counted from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Epochs of the whole run.</summary>
    public required int Epochs { get; init; }

    /// <summary>Steps of the optimizer since the run began, resumed parts included.</summary>
    public required long Step { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required long Steps { get; init; }

    /// <summary>Mean cross-entropy of this epoch so far, on augmented images and smoothed targets.</summary>
    public required double TrainingLoss { get; init; }

    /// <summary>Share of this epoch's augmented images that were classified as their main class, in [0, 1].</summary>
    public required double TrainingAccuracy { get; init; }

    /// <summary>The last validation; null before the first.</summary>
    public required Evaluation? Validation { get; init; }

    /// <summary>The results of the epoch that ends with this report; null within an epoch.</summary>
    public required EpochSummary? FinishedEpoch { get; init; }

    /// <summary>
    /// The progress of the final conversion of the trained network, with <see cref="ChannelIdleMethod.Convert"/>; null before it.
    /// </summary>
    public ConversionProgress? Conversion { get; init; }

    /// <summary>The learning rate of the last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Training images per second, not counting the time for validation; 0 before the first step.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Time since this run began or was resumed.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Estimated time until the last epoch ends; zero before the first step.</summary>
    public required TimeSpan TimeLeft { get; init; }

    /// <summary>
    /// Why the last checkpoint could not be written; null while it is up to date. The run goes on, and tries again when the
    /// next checkpoint is due.
    /// </summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>
    /// What the steps were computed with, first to last: instruction sets of CPUs (avx512, avx2, advsimd, vector128, scalar) or
    /// devices of TorchSharp. More than one if the run was resumed elsewhere: then its weights are nearly, but not exactly,
    /// those that one of them alone gives.
    /// </summary>
    public IReadOnlyList<string> ComputedWith { get; init; } = [];

    /// <summary>
    /// One line: the epoch, its loss, the accuracy of the last validation (before the first: of training), speed and time left; or
    /// the progress of the conversion.
    /// </summary>
    public override string ToString()
    {
        if (Conversion is not null)
        {
            return Conversion.ToString();
        }

        string timeLeft = TimeLeft.ToString(TimeLeft.TotalHours < 1 ? @"m\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Epoch {Epoch}/{Epochs}  loss {TrainingLoss:F3}  accuracy {100 * (Validation?.Accuracy ?? TrainingAccuracy):F1}%  " +
            $"{ImagesPerSecond:F0} images/s  {timeLeft} left");
    }
}
