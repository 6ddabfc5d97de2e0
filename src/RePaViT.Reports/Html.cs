using System.Xml.Linq;
using RePaViT.IO;

namespace RePaViT.Pages;

/// <summary>
/// Elements of a page. They are a tree until the page is written, so that no text can become markup, whatever it holds.
/// </summary>
internal static class Html
{
    private static readonly string[] Void = ["meta", "img", "br"];

    /// <summary>A page whose style is within it.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="styles">Names of resources with style sheets, which are put one after the other.</param>
    /// <param name="body">What it shows.</param>
    public static XElement Document(string title, IEnumerable<string> styles, params object?[] body) => Element(
        "html",
        new XAttribute("lang", "en"),
        Element(
            "head",
            Element("meta", new XAttribute("charset", "utf-8")),
            Element("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width, initial-scale=1")),
            Element("meta", new XAttribute("name", "color-scheme"), new XAttribute("content", "light dark")),
            Element("title", title),
            Element("style", string.Concat(styles.Select(Resource)))),
        Element("body", body));

    /// <param name="name">Name of the element.</param>
    /// <param name="content">Elements, attributes and texts.</param>
    public static XElement Element(string name, params object?[] content) => new(name, content);

    public static XAttribute Class(string name) => new("class", name);

    /// <summary>Foreign text: shortened, and visible whatever it consists of.</summary>
    public static string Foreign(string text, int length = 100) => Excerpt.Of(text, length);

    /// <param name="title">What the section is about.</param>
    /// <param name="explanation">What is to be known about it.</param>
    /// <param name="content">What it shows.</param>
    public static XElement Section(string title, string explanation, params object?[] content)
        => Element("section", Element("h2", title), Element("p", Class("note"), explanation), content);

    /// <summary>A number that stands out, in a list of the class "tiles".</summary>
    public static XElement Tile(string what, string number) => Element("div", Element("dt", what), Element("dd", number));

    /// <summary>A table that scrolls by itself where it is wider than the screen.</summary>
    /// <param name="caption">What the table shows.</param>
    /// <param name="headings">A heading for each column.</param>
    /// <param name="rows">The cells; the first of each row is its heading.</param>
    /// <param name="name">The class of the table.</param>
    public static XElement Table(string caption, IEnumerable<string> headings, IEnumerable<object?[]> rows, string name = "numbers") => Element(
        "div",
        Class("wide"),
        Element(
            "table",
            Class(name),
            Element("caption", caption),
            Element("thead", Element("tr", headings.Select(heading => Element("th", new XAttribute("scope", "col"), heading)))),
            Element("tbody", rows.Select(row => Element(
                "tr", Element("th", new XAttribute("scope", "row"), row[0]), row.Skip(1).Select(cell => Element("td", cell)))))));

    /// <param name="png">A picture.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    /// <param name="name">Its class.</param>
    public static XElement Picture(byte[] png, string description, string name) => Element(
        "img",
        Class(name),
        new XAttribute("alt", description),
        new XAttribute("src", $"data:image/png;base64,{Convert.ToBase64String(png)}"));

    /// <summary>The document as a text.</summary>
    public static string Write(XElement document)
    {
        foreach (XElement element in document.Descendants())
        {
            if (element.IsEmpty && !Void.Contains(element.Name.LocalName) && !element.Ancestors("svg").Any())
            {
                // Browsers know no short form of other elements.
                element.Value = "";
            }
        }

        return $"<!DOCTYPE html>\n{document.ToString(SaveOptions.DisableFormatting)}\n";
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(Html).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
