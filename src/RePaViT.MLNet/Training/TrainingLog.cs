using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using RePaViT.IO;

namespace RePaViT.MLNet.Training;

/// <summary>Tells the log and the user's callbacks how training goes.</summary>
internal sealed class TrainingLog(
    IChannel channel, Action<EpochSummary>? metricsCallback, IProgress<TrainingProgress>? progress) : IProgress<TrainingProgress>
{
    // Epochs may take a minute or an hour.
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(10);

    private long _lastLine = Stopwatch.GetTimestamp();
    private bool _hasFailed;
    private bool _hasToldOfMove;

    public void Report(TrainingProgress value)
    {
        if (value.FinishedEpoch is not null || Stopwatch.GetElapsedTime(_lastLine) >= _interval)
        {
            _lastLine = Stopwatch.GetTimestamp();
            channel.Info(MessageSensitivity.None, value.ToString());
        }

        ReportCheckpoint(value.CheckpointFailure);
        if (value.ComputedWith.Count > 1 && !_hasToldOfMove)
        {
            _hasToldOfMove = true;
            channel.Info(
                MessageSensitivity.None,
                $"The steps of this run are computed with {string.Join(", then with ", value.ComputedWith)}: its weights will be nearly, "
                    + "but not exactly, those that one of them alone gives.");
        }

        if (value.FinishedEpoch is not null)
        {
            metricsCallback?.Invoke(value.FinishedEpoch);
        }

        progress?.Report(value);
    }

    /// <summary>Once when checkpoints begin to fail, and once when they no longer do.</summary>
    private void ReportCheckpoint(string? failure)
    {
        if (failure is not null && !_hasFailed)
        {
            channel.Warning(MessageSensitivity.None, $"{failure} Training goes on, and the next checkpoint is tried when it is due.");
        }
        else if (failure is null && _hasFailed)
        {
            channel.Info(MessageSensitivity.None, "The checkpoint has been written again.");
        }

        _hasFailed = failure is not null;
    }

    public static string Describe(IImageDataset training, IImageDataset? validation, ImageStore store) => Text(
        $"{training.Count} images to train on, {validation?.Count ?? 0} to validate on, {training.ClassNames.Count} classes; {Megabytes(store.MemoryLength)} MB in memory, {Megabytes(store.FileLength)} MB in a file.");

    public static string Describe(Architecture architecture, TrainingRecipe recipe, string? checkpoint)
    {
        NetworkCost cost = architecture.Cost(NetworkForm.Trained);
        return Text($"{architecture.GetType().Name} of {cost.Parameters / 1e6:F2} million parameters for images of {architecture.ImageSize} pixels, {recipe.Epochs} epochs in batches of {recipe.BatchSize}, seed {recipe.Seed}")
            + (checkpoint is null ? "." : $", continued from '{checkpoint}'.");
    }

    public static string Describe(PretrainedSource source, PretrainedReport report) => string.Join(' ', (string[])
    [
        $"Starts from {source}, read as {report.Source}{(report.Section.Length > 0 ? $", weights under '{Excerpt.Of(report.Section)}'" : "")}.",
        .. report.OtherSections.Count > 0 ? (string[])[$"The file has other weights under {Excerpt.OfList(report.OtherSections)}."] : [],
        .. report.ConfigurationFiles.Count > 0 ? (string[])[$"Also read: {string.Join(", ", report.ConfigurationFiles)}."] : [],
        .. report.ResampledTensors.Count > 0 ? (string[])[$"Resampled: {Excerpt.OfList(report.ResampledTensors)}."] : [],
        .. report.UnusedTensors.Count > 0 ? (string[])[$"Not used: {Excerpt.OfList(report.UnusedTensors)}."] : [],
        .. report.Assumptions,
    ]);

    private const string VanillaRemains = "the model is the vanilla network that was trained. "
        + $"As {nameof(ImageClassificationRePaViTTrainer.Options.InitialModel)} it can be trained further and converted.";

    public static string Describe(ReparameterizationReport report) => Text(
        $"Reparameterized: {report.Trained.Parameters / 1e6:F2} to {report.Deployed.Parameters / 1e6:F2} million parameters, {report.Trained.MultiplyAdds / 1e6:F1} to {report.Deployed.MultiplyAdds / 1e6:F1} million multiply-adds; largest difference of a probability {report.LargestDifference:E1} on {report.Images} images.");

    public static string Describe(ConversionReport report) => Text(
        $"Converted: {report.CostBefore.Parameters / 1e6:F2} to {report.CostAfter.Parameters / 1e6:F2} million parameters, {report.CostBefore.MultiplyAdds / 1e6:F1} to {report.CostAfter.MultiplyAdds / 1e6:F1} million multiply-adds; {100 * report.Agreement:F1} % of {report.Images} images have the class that the trained network gives them, and {100 * report.HeldOutAgreement:F1} % of {report.HeldOutImages} others.");

    public static string DescribeTeacher(int done, int images, TimeSpan elapsed) => Text(
        $"The teacher has seen {done} of {images} images, {done / Math.Max(elapsed.TotalSeconds, 1e-3):F0} per second.");

    /// <summary>Says how the run ended.</summary>
    /// <param name="result">What it arrived at.</param>
    /// <param name="converts">Whether a channel-idle network was requested that is made by conversion.</param>
    /// <param name="channel">Receives messages.</param>
    public static void Report(TrainingResult result, bool converts, IChannel channel)
    {
        if (result.IsCancelled)
        {
            channel.Warning(MessageSensitivity.None, DescribeCancellation(result, converts));
        }

        if (result.CheckpointFailure is string failure)
        {
            channel.Warning(MessageSensitivity.None, $"The checkpoint is not up to date. {failure}");
        }

        if (result.ConversionFailure is string reason)
        {
            channel.Warning(MessageSensitivity.None, $"The conversion failed: {VanillaRemains} {reason}");
        }

        if (result.IsStoppedEarly)
        {
            channel.Info(MessageSensitivity.None, Text($"Training ended early: validation results stopped improving."));
        }

        if (result.Best is EpochSummary { Validation: Evaluation validation } best)
        {
            channel.Info(
                MessageSensitivity.None,
                Text($"The model is from epoch {best.Epoch}: {100 * validation.Accuracy:F2} % of {validation.Images} validation images right."));
        }
    }

    private static string DescribeCancellation(TrainingResult result, bool converts) => (result, converts) switch
    {
        ({ Conversion: null }, true) => $"The conversion was cancelled: {VanillaRemains}",
        ({ History.Count: 0 }, _) => "Training was cancelled in its first epoch; the model has hardly learned anything.",
        _ => Text($"Training was cancelled after {result.History.Count} whole epochs; the model is the best so far."),
    };

    private static long Megabytes(long bytes) => (bytes + 999_999) / 1_000_000;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
