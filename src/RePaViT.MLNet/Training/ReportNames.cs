using Microsoft.ML;

namespace RePaViT.MLNet.Training;

/// <summary>Tells which rows the images of a report are, by their texts: the path of a file among them.</summary>
internal static class ReportNames
{
    /// <param name="report">The report.</param>
    /// <param name="training">The rows of the training images, and of those that were held out.</param>
    /// <param name="validation">Other rows of the validation images; null for none.</param>
    public static TrainingReport Add(TrainingReport report, IDataView training, IDataView? validation)
    {
        ReportImage[] images =
        [
            .. report.Mistakes.Select(mistake => mistake.Image), .. report.Data.Duplicates.SelectMany(group => group.Images),
        ];
        RowTexts ofTraining = Read(training, images.Where(image => !IsElsewhere(image)));
        RowTexts? ofValidation = validation is null ? null : Read(validation, images.Where(IsElsewhere));
        return report with
        {
            Mistakes = [.. report.Mistakes.Select(mistake => mistake with { Image = Name(mistake.Image) })],
            Data = report.Data with
            {
                Duplicates = [.. report.Data.Duplicates.Select(group => group with { Images = [.. group.Images.Select(Name)] })],
            },
        };

        bool IsElsewhere(ReportImage image) => image.IsValidation && validation is not null;

        ReportImage Name(ReportImage image)
            => image with { Name = (IsElsewhere(image) ? ofValidation! : ofTraining).Of(image.Place) };
    }

    private static RowTexts Read(IDataView data, IEnumerable<ReportImage> images)
        => new(data, [.. images.Select(image => image.Place).Distinct().Order()]);
}
