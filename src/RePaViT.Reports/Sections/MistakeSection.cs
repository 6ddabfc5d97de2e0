using System.Xml.Linq;
using RePaViT.IO;
using static RePaViT.Pages.Html;

namespace RePaViT.Pages.Sections;

/// <summary>Pictures of the mistakes that the network is surest of, and what counted in them.</summary>
internal static class MistakeSection
{
    // Most of what is under the map stays visible.
    private const double MostOpacity = 200;

    public static XElement Create(TrainingReport report) => Section(
        "Most confident mistakes",
        report.Mistakes.Count == 0
            ? "The network makes no mistakes on these images, or none were requested."
            : "Where the label is wrong rather than the network, correcting it is worth more than training longer. " + Explain(report.MapKind),
        Element("div", Class("gallery"), report.Mistakes.Select(mistake => Show(report, mistake))));

    private static string Explain(ReportMapKind kind) => kind == ReportMapKind.AttentionRollout
        ? "On the right, bright is where attention comes from: attention rollout over all blocks, shortcuts included. It says where the network looked, not why it decided so."
        : "On the right, bright is what the answer depends on: how far its probability falls when that square is covered with the mean "
            + "color. This network has no attention over the whole image to show.";

    private static XElement Show(TrainingReport report, ReportMistake mistake)
    {
        string label = Foreign(report.Classes[mistake.Image.Label].Name);
        string predicted = Foreign(report.Classes[mistake.Predicted].Name);
        string place = DataSection.Name(mistake.Image);
        return Element(
            "figure",
            Element(
                "div",
                Class("pair"),
                Picture(mistake.Picture, $"{place}, labelled {label}, taken for {predicted}", "pixels"),
                Element(
                    "div",
                    Class("over"),
                    Picture(mistake.Picture, "", "pixels"),
                    Picture(Heat(mistake.Map), $"Map of what counted in {place}", "heat"))),
            Element(
                "figcaption",
                Element("strong", predicted),
                $" {Text.Percent(mistake.Probability)}",
                Element("br"),
                $"label: {label} {Text.Percent(mistake.LabelProbability)}",
                Element("br"),
                Element("small", place)));
    }

    /// <summary>A transparent picture of a pixel for each value: nothing at the least one, yellow at the largest.</summary>
    private static byte[] Heat(IReadOnlyList<float> map)
    {
        int side = Math.Max(1, (int)Math.Sqrt(map.Count));
        float least = map.Count == 0 ? 0 : map.Min();
        float range = map.Count == 0 ? 0 : map.Max() - least;
        byte[] samples = new byte[4 * side * side];
        for (int i = 0; i < samples.Length / 4 && i < map.Count; i++)
        {
            double share = range > 0 ? (map[i] - least) / range : 0;
            samples[4 * i] = 255;
            samples[4 * i + 1] = (byte)(60 + 170 * share);
            samples[4 * i + 3] = (byte)(MostOpacity * share);
        }

        return PngFile.Encode(side, side, samples);
    }
}
