using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;
using RePaViT.Pages.Charts;

namespace RePaViT.Pages.Sections;

/// <summary>Whether probabilities mean what they say.</summary>
internal static class CalibrationSection
{
    public static XElement Create(TrainingReport report) => Html.Section(
        "Calibration",
        "Of the images that the network is 90 % sure of, nine in ten should be right. The expected calibration error is how far it is from that, on average.",
        Html.Element(
            "div",
            Html.Class("charts"),
            Diagram(report.Calibration, "As trained"),
            report.Calibrated is null ? null : Diagram(report.Calibrated, $"At temperature {Text.Number(report.Calibrated.Temperature, "F3")}")),
        Html.Table(
            "The same in numbers",
            ["", "temperature", "expected calibration error", "cross-entropy"],
            new[] { ("as trained", report.Calibration), ("with temperature", report.Calibrated) }.Where(row => row.Item2 is not null)
                .Select(row => (object?[])
                [
                    row.Item1, Text.Number(row.Item2!.Temperature, "F3"), Text.Percent(row.Item2.ExpectedError, 2), Text.Number(row.Item2.Loss, "F4"),
                ])),
        Html.Element("p", Temperature(report)));

    private static string Temperature(TrainingReport report) => report switch
    {
        { Calibrated: null } => "Without validation images, no temperature can be found.",
        { IsCalibrated: true } => "The saved model has this temperature in the weights of its last layer. It was fitted to the images that it is measured on here; being one number, it gains little from that.",
        _ => "The saved model is as trained: the temperature was not applied. It was fitted to the images that it is measured on here; "
            + "being one number, it gains little from that.",
    };

    private static XElement Diagram(ReportCalibration calibration, string title)
    {
        PlotModel chart = Chart.Create("confidence, %", "right, %");
        foreach (Axis axis in chart.Axes)
        {
            axis.Minimum = 0;
            axis.Maximum = 100;
            axis.MajorStep = 20;
        }

        var bars = new RectangleBarSeries { FillColor = OxyColor.FromAColor(150, Palette.First), StrokeColor = Palette.First, StrokeThickness = 1 };
        foreach (ReportBin bin in calibration.Bins.Where(bin => bin.Accuracy is not null))
        {
            bars.Items.Add(new RectangleBarItem(100 * bin.From, 0, 100 * bin.To, 100 * bin.Accuracy!.Value));
        }

        chart.Series.Add(bars);
        LineSeries ideal = Chart.Line(null, isSecond: true, [new DataPoint(0, 0), new DataPoint(100, 100)]);
        ideal.MarkerType = MarkerType.None;
        chart.Series.Add(ideal);
        ReportBin? fullest = calibration.Bins.MaxBy(bin => bin.Images);
        return Chart.Draw(
            $"{title}: a bar that ends on the dashed line is right as often as it claims; {Text.Count(fullest?.Images ?? 0)} of "
                + $"{Text.Count(calibration.Bins.Sum(bin => bin.Images))} images are in the bar from {Text.Percent(fullest?.From, 0)} to "
                + $"{Text.Percent(fullest?.To, 0)}",
            chart);
    }
}
