using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;
using RePaViT.Pages.Charts;

namespace RePaViT.Pages.Sections;

/// <summary>Loss, accuracy and learning rate over the epochs, and what conversion lost from block to block.</summary>
internal static class CurveSection
{
    public static XElement Create(TrainingReport report)
    {
        ReportComparison comparison = report.Comparison;
        return Html.Section(
            "Training",
            report.Epochs.Count == 0
                ? "No epochs are known: the network was not trained step by step, or was trained elsewhere."
                : "Training is measured on augmented images and smoothed targets with the weights as they move, validation on plain images with their average: validation may well look better.",
            Html.Element(
                "div",
                Html.Class("charts"),
                report.Epochs.Count == 0 ? null : Curve(
                    "Loss", "cross-entropy", report, epoch => epoch.TrainingLoss, epoch => epoch.ValidationLoss),
                report.Epochs.Count == 0 ? null : Curve(
                    "Accuracy", "% right", report, epoch => 100 * epoch.TrainingAccuracy, epoch => 100 * epoch.ValidationAccuracy),
                report.Epochs.All(epoch => epoch.LearningRate is null) ? null : LearningRate(report),
                comparison.BlockErrors.Count == 0 ? null : Conversion(comparison)),
            comparison.HeldOutAgreement is double agreement
                ? Html.Element("p", $"At the end the vanilla network was converted: {Text.Percent(agreement)} of the training images "
                    + "held out from the conversion kept their class.")
                : null);
    }

    private static XElement Curve(
        string title, string unit, TrainingReport report, Func<ReportEpoch, double> training, Func<ReportEpoch, double?> validation)
    {
        PlotModel chart = Chart.Create("epoch", unit);
        chart.Series.Add(Chart.Line("training", isSecond: false, report.Epochs.Select(epoch => new DataPoint(epoch.Epoch, training(epoch)))));
        ReportEpoch[] validated = [.. report.Epochs.Where(epoch => validation(epoch) is not null)];
        if (validated.Length > 0)
        {
            chart.Series.Add(Chart.Line(
                "validation", isSecond: true, validated.Select(epoch => new DataPoint(epoch.Epoch, validation(epoch)!.Value))));
        }

        if (report.BestEpoch is int best)
        {
            chart.Annotations.Add(Chart.Mark(best, ""));
        }

        ReportEpoch last = report.Epochs[^1];
        string suffix = unit.StartsWith('%') ? " %" : "";
        string mark = report.BestEpoch is int epochs ? $", dotted: epoch {epochs}, whose weights the model has" : "";
        return Chart.Draw(
            $"{title} over {Text.Count(report.Epochs.Count, "epoch", "epochs")}, at the end {Text.Number(training(last))}{suffix} in training"
            + (validation(last) is double value ? $" and {Text.Number(value)}{suffix} in validation" : "") + mark,
            chart);
    }

    private static XElement LearningRate(TrainingReport report)
    {
        ReportEpoch[] known = [.. report.Epochs.Where(epoch => epoch.LearningRate is not null)];
        PlotModel chart = Chart.Create("epoch", "learning rate");
        chart.Series.Add(Chart.Line(null, isSecond: false, known.Select(epoch => new DataPoint(epoch.Epoch, epoch.LearningRate!.Value))));
        chart.Axes[1].StringFormat = "0.##e+0";
        return Chart.Draw(
            $"Learning rate of each epoch's last step, at most {Text.Number(known.Max(epoch => epoch.LearningRate), "0.##e+0")}", chart);
    }

    private static XElement Conversion(ReportComparison comparison)
    {
        PlotModel chart = Chart.Create("block", "% of its values");
        chart.Series.Add(Chart.Line(
            null, isSecond: false, comparison.BlockErrors.Select((error, block) => new DataPoint(block + 1, 100 * error))));
        chart.Axes[0].MajorStep = Math.Max(1, comparison.BlockErrors.Count / 8);
        chart.Axes.OfType<LinearAxis>().Last().Minimum = 0;
        return Chart.Draw("What conversion lost up to each block: root mean square error after it", chart);
    }
}
