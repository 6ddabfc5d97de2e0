using System.Text.Json;
using RePaViT.IO;
using RePaViT.Reports;

namespace RePaViT;

/// <summary>
/// What people want to see after a training, as numbers: curves, confusions, calibration, mistakes, what deployment gained and
/// changed, and oddities in the data. The package RePaViT.Reports turns it into a page.
/// </summary>
public sealed record TrainingReport
{
    /// <summary>How the training was done, and with what.</summary>
    public required ReportRun Run { get; init; }

    /// <summary>The finished epochs, first to last; empty if no network was trained, or no epochs are known.</summary>
    public required IReadOnlyList<ReportEpoch> Epochs { get; init; }

    /// <summary>The epoch whose weights the model has; null if no validation chose one.</summary>
    public required int? BestEpoch { get; init; }

    /// <summary>
    /// Whether <see cref="Classes"/> and everything after it was measured on the validation images; otherwise there were none, and
    /// it was measured on the training images.
    /// </summary>
    public required bool IsValidated { get; init; }

    /// <summary>Number of evaluated images.</summary>
    public required int Images { get; init; }

    /// <summary>Each class, in the order of the labels, with precision, recall and F1 of the deployed network.</summary>
    public required IReadOnlyList<ReportClass> Classes { get; init; }

    /// <summary>The confusion matrix of the deployed network: its cells that are not 0, by label.</summary>
    public required IReadOnlyList<ReportConfusion> Confusions { get; init; }

    /// <summary>How well probabilities of the deployed network say how often it is right, at temperature 1.</summary>
    public required ReportCalibration Calibration { get; init; }

    /// <summary>
    /// The same at the temperature with the lowest loss, measured on the images that it was fitted to; null without
    /// validation images.
    /// </summary>
    public required ReportCalibration? Calibrated { get; init; }

    /// <summary>Whether the saved model has the temperature of <see cref="Calibrated"/>.</summary>
    public required bool IsCalibrated { get; init; }

    /// <summary>The mistakes that the deployed network is most confident of, the most confident first.</summary>
    public required IReadOnlyList<ReportMistake> Mistakes { get; init; }

    /// <summary>How the maps of <see cref="Mistakes"/> were made.</summary>
    public required ReportMapKind MapKind { get; init; }

    /// <summary>The trained network compared with the deployed one.</summary>
    public required ReportComparison Comparison { get; init; }

    /// <summary>The data.</summary>
    public required ReportData Data { get; init; }

    /// <summary>Measures the result of a training, on the CPU. Each image is read a few times.</summary>
    /// <param name="result">The result.</param>
    /// <param name="training">The images that it was trained on.</param>
    /// <param name="validation">The images that it was validated on; null if there were none.</param>
    /// <param name="options">What to show; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">The images are not those of the model's classes, or an option is not accepted.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TrainingReport Measure(
        TrainingResult result,
        IImageDataset training,
        IImageDataset? validation = null,
        TrainingReportOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(result);
        return ReportMeasurement.Run(ReportSource.Of(result), training, validation, options, cancellationToken);
    }

    /// <summary>Measures two forms of a model, however they were made; there are no curves then.</summary>
    /// <param name="trained">The model as it was trained.</param>
    /// <param name="deployed">The model that is deployed.</param>
    /// <param name="training">The images that it was trained on.</param>
    /// <param name="validation">Images that it was not trained on; null if there are none.</param>
    /// <param name="options">What to show; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">The images are not those of the models' classes, or an option is not accepted.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TrainingReport Measure(
        RePaViTModel trained,
        RePaViTModel deployed,
        IImageDataset training,
        IImageDataset? validation = null,
        TrainingReportOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trained);
        ArgumentNullException.ThrowIfNull(deployed);
        return ReportMeasurement.Run(new ReportSource(trained, deployed), training, validation, options, cancellationToken);
    }

    /// <summary>The report as JSON, which <see cref="FromJson"/> reads.</summary>
    public string ToJson() => ReportJson.Stored.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InvalidDataException">It is not a report; the message says why.</exception>
    public static TrainingReport FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            TrainingReport report = ReportJson.Stored.Parse<TrainingReport>(json)
                ?? throw new InvalidDataException("The text is null: a training report is needed.");
            if (!report.IsConsistent())
            {
                throw new InvalidDataException(
                    "The text is not a training report: an entry is missing or occurs twice, or a label belongs to no class.");
            }

            // A number that is too large becomes infinite, which no report can say.
            report.ToJson();
            return report;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InvalidDataException(
                $"The text is not a training report: {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    /// <summary>Whether all entries exist, and all labels belong to classes: a text may say anything.</summary>
    private bool IsConsistent()
    {
        return Run.Remarks.Concat(Run.TrainedWith).Concat(Data.LeftOut).Concat(Data.FewImages).All(text => text is not null)
            && Epochs.All(epoch => epoch is not null)
            && Classes.All(row => row?.Name is not null)
            && Confusions.All(cell => cell is not null && IsLabel(cell.Label) && IsLabel(cell.Predicted))
            && Confusions.DistinctBy(cell => (cell.Label, cell.Predicted)).Count() == Confusions.Count
            && Mistakes.All(mistake => mistake is not null && IsLabel(mistake.Predicted) && IsLabel(mistake.Image.Label))
            && Data.Duplicates.All(group => group is not null && group.Images.All(image => image is not null && IsLabel(image.Label)))
            && Calibration.Bins.Concat(Calibrated?.Bins ?? []).All(bin => bin is not null);

        bool IsLabel(int label) => (uint)label < (uint)Classes.Count;
    }
}
