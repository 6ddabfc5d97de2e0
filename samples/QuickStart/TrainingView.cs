using System.Globalization;
using Spectre.Console;

namespace RePaViT.QuickStart;

/// <summary>Shows a training run: a live bar on a terminal, a line per epoch where output goes to a file or a pipe.</summary>
internal static class TrainingView
{
    /// <summary>Runs a training that reports its progress.</summary>
    public static TrainingResult Show(Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (!AnsiConsole.Profile.Capabilities.Ansi)
        {
            return train(new EpochLines());
        }

        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 12 })
            .Start(context => train(new LiveBar(context.AddTask("Starting"))));
    }

    private static string Describe(TrainingProgress progress)
    {
        // Validation measures whole, unchanged images; until the first, the augmented training images have to do.
        double accuracy = progress.Validation?.Accuracy ?? progress.TrainingAccuracy;
        string timeLeft = progress.TimeLeft.ToString(progress.TimeLeft.TotalHours < 1 ? @"m\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Epoch {progress.Epoch}/{progress.Epochs}  loss {progress.TrainingLoss:F3}  accuracy {100 * accuracy:F1}%  " +
            $"{progress.ImagesPerSecond:F0} images/s  {timeLeft} left");
    }

    private sealed class LiveBar(ProgressTask task) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            task.MaxValue = value.Steps;
            task.Value = value.Step;
            task.Description = Describe(value);
        }
    }

    private sealed class EpochLines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.FinishedEpoch is not null)
            {
                Console.WriteLine(Describe(value));
            }
        }
    }
}
