using System.Xml.Linq;
using RePaViT.Pages.Sections;
using static RePaViT.Pages.Html;

namespace RePaViT.Pages;

/// <summary>A report as a page: its style is within it, its pictures too, and it needs no script.</summary>
internal static class ReportPage
{
    private const string Title = "Training report";

    /// <summary>The page as a text.</summary>
    public static string Create(TrainingReport report) => Write(Document(
        Title,
        ["page.css"],
        Element(
            "main",
            Header(report),
            CurveSection.Create(report),
            QualitySection.Create(report),
            MistakeSection.Create(report),
            CalibrationSection.Create(report),
            ComparisonSection.Create(report.Comparison, report.Images),
            DataSection.Create(report),
            RunSection.Create(report))));

    private static XElement Header(TrainingReport report)
    {
        ReportComparison comparison = report.Comparison;
        ReportCalibration calibration = report.IsCalibrated ? report.Calibrated! : report.Calibration;
        string images = Text.Count(report.Images, "image", "images");
        return Element(
            "header",
            Element("h1", Title),
            Element("p", Class("note"), report.IsValidated
                ? $"{report.Classes.Count} classes, measured on {images} for validation. {Choice(report)}"
                : $"{report.Classes.Count} classes. There were no validation images: what follows was measured on {images} that the "
                    + "network was trained on, and says nothing about others."),
            report.Run.Remarks.Select(remark => Element("p", Foreign(remark, 500))),
            Element(
                "dl",
                Class("tiles"),
                Tile("right", Text.Percent(comparison.Deployed.Accuracy, 2)),
                Tile("expected calibration error", Text.Percent(calibration.ExpectedError, 2)),
                Tile("of the trained parameters are deployed", Text.Percent((double)comparison.Deployed.Parameters / comparison.Trained.Parameters, 0)),
                Tile("times as fast as trained", Text.Ratio(comparison.Deployed.ImagesPerSecond, comparison.Trained.ImagesPerSecond))));
    }

    /// <summary>A model that was chosen by the images that measure it looks a little better than it is.</summary>
    private static string Choice(TrainingReport report) => report.BestEpoch is int epoch
        ? $"The same images chose epoch {epoch} of {report.Epochs.Count}, so results on new images will be slightly worse."
        : "";
}
