using System.Globalization;
using System.Xml.Linq;
using static RePaViT.Pages.Html;

namespace RePaViT.Pages.Sections;

/// <summary>Which classes are told apart: precision, recall and F1 of each, and the confusion matrix.</summary>
internal static class QualitySection
{
    // A larger matrix would not be read by anyone: its largest cells are listed in place of it.
    private const int MostClassesOfMatrix = 24;
    private const int MostConfusions = 20;
    private const int MostClasses = 1000;

    public static XElement Create(TrainingReport report) => Section(
        "Classes",
        "Precision: what share of the images put into a class belongs there. Recall: what share of its images is put into it. F1 is their harmonic mean.",
        Table(
            report.Classes.Count > MostClasses ? $"The first {MostClasses} classes; the JSON file has all" : "Each class",
            ["class", "precision", "recall", "F1", "training images", report.IsValidated ? "validation images" : "evaluated images"],
            report.Classes.Take(MostClasses).Select(row => (object?[])
            [
                Foreign(row.Name), Text.Percent(row.Precision), Text.Percent(row.Recall), Text.Percent(row.F1),
                Size(row.TrainingImages, report.Classes.Max(other => other.TrainingImages)), Text.Count(row.Images),
            ])),
        report.Classes.Count <= MostClassesOfMatrix ? Matrix(report) : Confusions(report));

    /// <summary>A count with a bar beside it.</summary>
    private static object[] Size(int count, int largest) =>
    [
        Element("span", Class("bar"), new XAttribute("style", Share(largest == 0 ? 0 : (double)count / largest))),
        Text.Count(count),
    ];

    private static XElement Matrix(TrainingReport report)
    {
        Dictionary<(int, int), int> cells = report.Confusions.ToDictionary(cell => (cell.Label, cell.Predicted), cell => cell.Images);
        return Table(
            "Confusion matrix: a row for each label, a column for each predicted class",
            ["label", .. report.Classes.Select(column => Foreign(column.Name, 24))],
            report.Classes.Select((row, label) => (object?[])
            [
                Foreign(row.Name, 24),
                .. report.Classes.Select((_, predicted) => Cell(cells.GetValueOrDefault((label, predicted)), row.Images, label == predicted)),
            ]),
            "matrix");
    }

    private static object[] Cell(int images, int ofLabel, bool isRight) => images == 0
        ? [new XAttribute("class", "none"), "0"]
        : [
            new XAttribute("class", isRight ? "right" : "wrong"),
            new XAttribute("style", Share((double)images / ofLabel)),
            Text.Count(images),
        ];

    private static XElement Confusions(TrainingReport report) => Table(
        "Most frequent confusions",
        ["label", "taken for", "images", "of its images"],
        report.Confusions.Where(cell => cell.Label != cell.Predicted).OrderByDescending(cell => cell.Images).Take(MostConfusions)
            .Select(cell => (object?[])
            [
                Foreign(report.Classes[cell.Label].Name), Foreign(report.Classes[cell.Predicted].Name), Text.Count(cell.Images),
                Text.Percent((double)cell.Images / report.Classes[cell.Label].Images),
            ]));

    private static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"--share:{share:F3}");
}
