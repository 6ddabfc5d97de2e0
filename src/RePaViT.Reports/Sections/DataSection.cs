using System.Xml.Linq;
using static RePaViT.Pages.Html;

namespace RePaViT.Pages.Sections;

/// <summary>What is odd about the data.</summary>
internal static class DataSection
{
    private const int MostGroups = 20;
    private const int MostLeftOut = 50;
    private const int MostNames = 20;

    public static XElement Create(TrainingReport report)
    {
        ReportData data = report.Data;
        return Section(
            "Data",
            "Images are equal if all their pixels are, in the form in which they were kept for training.",
            Element(
                "ul",
                Finding(data.SharedImages == 0, data.Validation is null
                    ? "No validation images to look for among the training images."
                    : $"{Text.Count(data.SharedImages, "validation image is", "validation images are")} among the training "
                        + $"images too{(data.SharedImages == 0 ? "." : ": they measure memorization.")}"),
                Finding(data.ContradictingGroups == 0, $"{Text.Count(data.ContradictingGroups, "group", "groups")} of equal images with different labels."),
                Finding(data.Copies == 0, $"{Text.Count(data.Copies, "copy", "copies")} of images in all."),
                Finding(data.LeftOut.Count == 0, data.LeftOut.Count == 0 ? "Nothing was left out." : "Some rows were left out, see below."),
                Finding(data.FewImages.Count == 0, $"{Text.Count(data.FewImages.Count, "class", "classes")} with fewer than 20 training images{Names(data.FewImages)}."),
                Finding(
                    data.Imbalance < 3,
                    $"For each training image of the smallest class, the largest has {Text.Number(data.Imbalance, "0.#")}."),
                Finding(data.Training.Small == 0, $"{Text.Count(data.Training.Small, "training image is", "training images are")} smaller than the network's input and enlarged.")),
            Table(
                "Sizes in pixels, as kept for training",
                ["", "images", "least", "median", "largest"],
                new[] { ("training", data.Training), ("validation", data.Validation) }.Where(part => part.Item2 is not null)
                    .Select(part => Sizes(part.Item1, part.Item2!))),
            data.Duplicates.Count == 0 ? null : Table(
                data.Duplicates.Count > MostGroups ? $"The first {MostGroups} groups of equal images; the JSON file has more" : "Equal images",
                ["images", "which"],
                data.Duplicates.Take(MostGroups).Select(group => (object?[])
                [
                    Text.Count(group.Count),
                    string.Join("; ", group.Images.Select(image => $"{Name(image)}: {Foreign(report.Classes[image.Label].Name)}")) + (group.Count > group.Images.Count ? "; …" : ""),
                ]),
                "long"),
            data.LeftOut.Count == 0 ? null : Element(
                "details",
                Element("summary", "What was left out"),
                Element("ul", data.LeftOut.Take(MostLeftOut).Select(row => Element("li", Foreign(row, 300)))),
                data.LeftOut.Count > MostLeftOut ? Element("p", $"and {Text.Count(data.LeftOut.Count - MostLeftOut)} more") : null));
    }

    /// <summary>Where an image is.</summary>
    public static string Name(ReportImage image)
        => $"{(image.IsValidation ? "validation" : "training")} image {image.Place}{(image.Name.Length > 0 ? $" ({Foreign(image.Name, 250)})" : "")}";

    private static XElement Finding(bool isFine, string text)
        => Element("li", Class(isFine ? "fine" : "odd"), Element("b", isFine ? "fine: " : "look: "), text);

    private static string Names(IReadOnlyList<string> classes) => classes.Count == 0
        ? ""
        : ": " + string.Join(", ", classes.Take(MostNames).Select(name => Foreign(name, 40))) + (classes.Count > MostNames ? ", …" : "");

    private static object?[] Sizes(string part, ReportImages images) =>
    [
        part, Text.Count(images.Images), $"{images.LeastWidth} × {images.LeastHeight}", $"{images.MedianWidth} × {images.MedianHeight}",
        $"{images.LargestWidth} × {images.LargestHeight}",
    ];
}
