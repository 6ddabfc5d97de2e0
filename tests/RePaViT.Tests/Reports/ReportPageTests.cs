using System.Xml.Linq;
using RePaViT.Pages;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class ReportPageTests
{
    private static readonly string[] Hostile =
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "&lt;b&gt; ' \u0007 \u202E https://example.com"];

    [TestMethod]
    public void What_names_say_is_text_and_no_markup()
    {
        XElement page = Parse(ReportPage.Create(Report(Hostile, [.. Hostile, "half \uD800"])));

        Assert.IsEmpty(page.Descendants("script"));
        Assert.IsEmpty(page.Descendants().Attributes().Where(attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase)));
        Assert.IsTrue(page.Descendants("th").Any(cell => cell.Value == Hostile[0]));
        Assert.IsTrue(page.Descendants("th").Any(cell => cell.Value == Hostile[1]));
        Assert.IsTrue(page.Descendants("th").Any(cell => cell.Value.Contains(@"&lt;b&gt; ' \u0007 \u202E", StringComparison.Ordinal)));
        Assert.IsTrue(page.Descendants("li").Any(row => row.Value == Hostile[0]), "A row that was left out.");
        Assert.IsTrue(page.Descendants("p").Any(remark => remark.Value == Hostile[1]), "A remark.");
        Assert.IsTrue(page.Descendants("p").Any(remark => remark.Value == @"half \uD800"));
    }

    [TestMethod]
    public void Nothing_is_fetched_and_everything_has_a_text()
    {
        XElement page = Parse(ReportPage.Create(Report(["a", "b", "c"], [])));

        Assert.IsEmpty(page.Descendants().Attributes("href"));
        Assert.IsTrue(page.Descendants().Attributes("src").All(source => source.Value.StartsWith("data:image/png;base64,", StringComparison.Ordinal)));
        Assert.DoesNotContain("http", page.ToString());
        Assert.DoesNotContain("url(", page.ToString());
        Assert.IsNotEmpty(page.Descendants("img"));
        Assert.IsTrue(page.Descendants("img").All(picture => picture.Attribute("alt") is not null));
        Assert.IsTrue(page.Descendants("svg").All(chart => chart.Attribute("aria-label")!.Value.Length > 0 && (string?)chart.Attribute("role") == "img"));
        Assert.HasCount(5, page.Descendants("svg"), "Loss, accuracy, learning rate and two of calibration.");
        Assert.IsTrue(page.Descendants("table").All(table => table.Element("caption") is not null));
        Assert.DoesNotContain("NaN", page.Value);
        Assert.DoesNotContain("rgb(", page.ToString(), "A color that neither light nor dark decides.");
    }

    [TestMethod]
    public void Numbers_of_the_report_stand_in_the_page()
    {
        TrainingReport report = Report(["a", "b", "c"], []);

        string text = Parse(ReportPage.Create(report)).Value;

        Assert.Contains(Text.Percent(report.Comparison.Deployed.Accuracy, 2), text);
        Assert.Contains(Text.Percent(report.Calibration.ExpectedError, 2), text);
        Assert.Contains(Text.Count(report.Comparison.ChangedImages) + " of 18 images changed class", text);
        Assert.Contains("4 copies of images", text);
        Assert.Contains(report.Run.Runtime, text);
    }

    [TestMethod]
    public void Many_classes_get_a_list_of_confusions_in_place_of_a_matrix()
    {
        TrainingReport report = Report(["a", "b", "c"], []);
        TrainingReport many = report with
        {
            Classes = [.. Enumerable.Range(0, 1200).Select(i => new ReportClass($"class {i}", 1, 1, 1, 0))],
            Confusions = [.. Enumerable.Range(0, 1200).Select(i => new ReportConfusion(i, (i + 1) % 1200, 1))],
            Mistakes = [],
        };

        XElement page = Parse(ReportPage.Create(many));

        Assert.IsFalse(page.Descendants("table").Any(table => (string?)table.Attribute("class") == "matrix"));
        Assert.IsTrue(page.Descendants("tr").Count() < 1200);
    }

    [TestMethod]
    public void A_report_of_nothing_but_two_models_is_a_page_too()
    {
        TrainingReport report = Report(["a", "b", "c"], []);
        TrainingReport bare = report with { Epochs = [], BestEpoch = null, Calibrated = null, Mistakes = [], IsValidated = false };

        XElement page = Parse(ReportPage.Create(bare));

        Assert.Contains("no validation images", page.Value);
        Assert.HasCount(1, page.Descendants("svg"));
    }

    [TestMethod]
    public void Both_files_are_written_and_the_numbers_can_be_read_again()
    {
        using var folder = new TemporaryFolder();
        TrainingReport report = Report(["a", "b", "c"], []);
        var file = new ReportFile(folder.File("report.html"));

        file.Write(report);
        file.Write(report);

        CollectionAssert.AreEquivalent(new[] { "report.html", "report.json" }, folder.FileNames.ToArray());
        Assert.AreEqual(report.ToJson(), TrainingReport.FromJson(File.ReadAllText(file.JsonPath)).ToJson());
        Assert.AreEqual(ReportPage.Create(report), File.ReadAllText(file.Path));
    }

    [TestMethod]
    [DataRow("report.txt")]
    [DataRow("missing/report.html")]
    [DataRow("folder.html")]
    [DataRow("taken.html")]
    public void A_path_that_cannot_be_used_is_refused_at_once(string name)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("folder.html"));
        Directory.CreateDirectory(folder.File("taken.json"));

        ArgumentException refusal = Assert.Throws<ArgumentException>(() => new ReportFile(folder.File(name)));

        Assert.Contains(".html", refusal.Message);
    }

    /// <summary>Of a few steps, so that there are mistakes.</summary>
    internal static TrainingReport Report(string[] names, string[] texts)
    {
        IImageDataset training = Named(TrainingRun.Dataset(count: 24, seed: 1), names);
        IImageDataset validation = Named(TrainingRun.Dataset(count: 18, seed: 2), names);
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 2, LearningRate = 1e-4 };
        TrainingResult result = new Trainer(TrainingRun.Architecture, recipe).Fit(training, validation);
        return TrainingReport.Measure(
            result, training, validation, new TrainingReportOptions { LeftOut = texts, Remarks = texts });
    }

    /// <summary>The images under other class names; the last three of them are equal.</summary>
    private static InMemoryImageDataset Named(InMemoryImageDataset images, string[] names)
    {
        int last = images.Count - 3;
        return new InMemoryImageDataset(
            Enumerable.Range(0, images.Count).Select(i => images.GetImage(i > last ? last : i)),
            Enumerable.Range(0, images.Count).Select(i => images.GetLabel(i > last ? last : i)),
            names);
    }

    private static XElement Parse(string page)
    {
        const string Start = "<!DOCTYPE html>";
        Assert.StartsWith(Start, page);
        return XElement.Parse(page[Start.Length..]);
    }
}
