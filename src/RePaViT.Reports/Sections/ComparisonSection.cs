using System.Xml.Linq;

namespace RePaViT.Pages.Sections;

/// <summary>What deployment gained and changed.</summary>
internal static class ComparisonSection
{
    public static XElement Create(ReportComparison comparison, int images)
    {
        (ReportNetwork trained, ReportNetwork deployed) = (comparison.Trained, comparison.Deployed);
        return Html.Section(
            "Trained and deployed",
            comparison.IsConverted
                ? "The vanilla network was converted into a channel-idle one, which computes nearly the same function with fewer weights."
                : "Reparameterization merges what is linear: the same function up to rounding, with fewer weights if channels are idle.",
            Html.Table(
                $"Speed was measured on the CPU when this report was made, in turns, {comparison.BatchSize} prepared images at a time",
                ["", "trained", "deployed", "deployed / trained"],
                [
                    Row("parameters", trained.Parameters, deployed.Parameters, Text.Millions),
                    Row("multiply-adds per image", trained.MultiplyAdds, deployed.MultiplyAdds, Text.Millions),
                    ["model file", Text.Bytes(trained.FileBytes), Text.Bytes(deployed.FileBytes), Ratio(deployed.FileBytes, trained.FileBytes)],
                    [
                        "images per second", Text.Number(trained.ImagesPerSecond, "N0"), Text.Number(deployed.ImagesPerSecond, "N0"),
                        Text.Ratio(deployed.ImagesPerSecond, trained.ImagesPerSecond),
                    ],
                    ["images right", Text.Percent(trained.Accuracy, 2), Text.Percent(deployed.Accuracy, 2), ""],
                    ["cross-entropy", Text.Number(trained.Loss, "F4"), Text.Number(deployed.Loss, "F4"), ""],
                ]),
            Html.Element(
                "p",
                $"{Text.Count(comparison.ChangedImages)} of {Text.Count(images, "image", "images")} changed class; the largest difference of a logit is {Text.Number(comparison.LargestLogitDifference, comparison.LargestLogitDifference < 0.01 ? "0.#e+0" : "0.###")}."));
    }

    private static object?[] Row(string what, long trained, long deployed, Func<long, string> write)
        => [what, write(trained), write(deployed), Text.Ratio(deployed, trained)];

    private static string Ratio(long? deployed, long? trained)
        => deployed is long one && trained is long other ? Text.Ratio(one, other) : "";
}
