using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using static RePaViT.Pages.Html;

namespace RePaViT.Pages.Sections;

/// <summary>With what the training was done, so that it can be done again.</summary>
internal static class RunSection
{
    public static XElement Create(TrainingReport report)
    {
        ReportRun run = report.Run;
        return Section(
            "Run",
            "What is needed to repeat the run. The same data, recipe and seed give the same bytes on CPUs with the same instruction set.",
            Table(
                "Versions and times",
                ["", ""],
                [
                    ["made", run.Created.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)],
                    ["RePaViT", Foreign(run.Library)],
                    [".NET", Foreign(run.Runtime)],
                    ["system", Foreign($"{run.System}, {Text.Count(run.Processors, "processor", "processors")}", 200)],
                    ["trained with", run.TrainedWith.Count == 0 ? "not known" : Foreign(string.Join(", then ", run.TrainedWith))],
                    ["measured with", Foreign(run.MeasuredWith)],
                    ["training took", Text.Seconds(run.TrainingSeconds)],
                    ["this report took", Text.Seconds(run.ReportSeconds)],
                    ["network", Foreign(run.Architecture, 1000)],
                ],
                "long"),
            run.Recipe is null ? null : Element("details", Element("summary", $"Recipe, seed {run.Recipe.Seed}"), Recipe(report)));
    }

    private static XElement Recipe(TrainingReport report) => Table(
        "Recipe",
        ["", ""],
        Flatten("", JsonNode.Parse(report.ToJson())!["run"]!["recipe"]).Select(setting => (object?[])[setting.Name, Foreign(setting.Value)]),
        "long");

    private static IEnumerable<(string Name, string Value)> Flatten(string name, JsonNode? node) => node is JsonObject members
        ? members.SelectMany(member => Flatten(name.Length == 0 ? member.Key : $"{name}.{member.Key}", member.Value))
        : [(name, node?.ToString() ?? "none")];
}
