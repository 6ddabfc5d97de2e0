using System.Xml.Linq;
using RePaViT.Pages;
using static RePaViT.Pages.Html;

namespace RePaViT.PhotoSimilarity;

/// <summary>The page: its style and its pictures are within it, and it needs no script.</summary>
internal sealed class SimilarityPage
{
    private const int NameLength = 300;
    private const int MostUnread = 500;

    private readonly SimilarPhotos _found;
    private readonly IReadOnlyDictionary<int, Thumbnail> _thumbnails;

    private SimilarityPage(SimilarPhotos found, IReadOnlyDictionary<int, Thumbnail> thumbnails)
    {
        _found = found;
        _thumbnails = thumbnails;
    }

    /// <summary>The page as a text.</summary>
    /// <param name="found">What to show.</param>
    /// <param name="thumbnails">Pictures of photos; one that is missing is left blank.</param>
    public static string Create(SimilarPhotos found, IReadOnlyDictionary<int, Thumbnail> thumbnails)
        => Write(new SimilarityPage(found, thumbnails).Page());

    private XElement Page() => Document(
        "Similar photos", ["page.css", "photos.css"], Pictures(), Element("main", Header(), Duplicates(), Nearest(), Unread()));

    /// <summary>Each picture is here once, however often it is shown.</summary>
    private XElement Pictures() => Element(
        "svg",
        Class("pictures"),
        new XAttribute("aria-hidden", "true"),
        _thumbnails.OrderBy(pair => pair.Key).Select(pair => Element(
            "symbol",
            new XAttribute("id", $"p{pair.Key}"),
            new XAttribute("viewBox", $"0 0 {pair.Value.Width} {pair.Value.Height}"),
            Element(
                "image",
                new XAttribute("width", pair.Value.Width),
                new XAttribute("height", pair.Value.Height),
                new XAttribute("href", $"data:image/jpeg;base64,{Convert.ToBase64String(pair.Value.Jpeg)}")))));

    private XElement Header() => Element(
        "header",
        Element("h1", "Similar photos"),
        Element(
            "p",
            Class("note"),
            $"{Foreign(_found.Settings.Folder, NameLength)}, compared by the features of {Foreign(_found.Settings.Model, NameLength)}. Similarity is the cosine of the angle between the features of two photos: 1 is the same direction. Nothing was deleted."),
        Element(
            "dl",
            Class("tiles"),
            Tile(_found.InFolder == 1 ? "photo" : "photos", Text.Count(_found.InFolder)),
            Tile(_found.Groups.Count == 1 ? "group of near duplicates" : "groups of near duplicates", Text.Count(_found.Groups.Count)),
            Tile("photos beside those to keep", Text.Count(_found.Groups.Sum(group => group.Photos.Count - 1))),
            Tile("that they take", Text.Bytes(_found.Groups.Sum(group => group.SpareBytes)))));

    private XElement Duplicates() => Section(
        "Near duplicates",
        $"Photos with a similarity of {Text.Number(_found.Settings.Duplicates)} or more, or with others between them that lead from one to the other. The largest file of each group comes first, and numbers say how similar the others are to it. Look before you delete: a series of shots may be as similar as copies.",
        _found.Groups.Count == 0 ? Element("p", "There are none.") : null,
        _found.Groups.Take(SimilarPhotos.MostGroups).Select(Group),
        More(_found.Groups.Count - SimilarPhotos.MostGroups, "smaller group is not shown", "smaller groups are not shown"));

    private XElement Group(DuplicateGroup group) => Element(
        "article",
        Element("h3", $"{Text.Count(group.Photos.Count)} photos, {Text.Bytes(group.SpareBytes)} beside the one to keep"),
        Element("div", Class("photos"), group.Photos.Take(SimilarPhotos.MostOfGroup).Select((photo, place) => Figure(
            photo.Row,
            place == 0,
            place == 0 ? $"keep, {Size(photo.Row)}"
            : photo.CopyOf is int first ? $"same bytes as {Name(first)}"
            : $"{Similarity(photo.Similarity)}, {Size(photo.Row)}"))),
        More(group.Photos.Count - SimilarPhotos.MostOfGroup, "more is not shown", "more are not shown"));

    private XElement Nearest()
    {
        int queries = _found.Settings.Queries.Count == 0 ? _found.InFolder : _found.Queries.Count;
        return Section(
            "Most similar photos",
            "Of each photo, which comes first, the most similar ones in the folder.",
            _found.Queries.Zip(_found.Nearest, (query, neighbors) => Element(
                "div",
                Class("photos"),
                neighbors.Select(neighbor => Figure(neighbor.Row, false, Similarity(neighbor.Similarity)))
                    .Prepend(Figure(query, true, Size(query))))),
            More(queries - _found.Queries.Count, "more photo is not shown: --query asks for it", "more photos are not shown: --query asks for some"));
    }

    private XElement? Unread()
    {
        IReadOnlyList<UnreadPhoto> unread = _found.Features.Unread;
        return unread.Count == 0 ? null : Section(
            "Files that could not be read",
            "They were compared with nothing.",
            Element("ul", unread.Take(MostUnread).Select(photo => Element(
                "li", Element("b", Foreign(photo.Photo.Name, NameLength)), ": ", Foreign(photo.Reason, NameLength)))),
            More(unread.Count - MostUnread, "more", "more"));
    }

    /// <summary>A photo that leads to its file.</summary>
    private XElement Figure(int row, bool isFirst, string remark) => Element(
        "figure",
        isFirst ? Class("first") : null,
        Element(
            "a",
            new XAttribute("href", Link(_found.Features.Photos[row].Path)),
            Element(
                "svg",
                new XAttribute("role", "img"),
                new XAttribute("aria-label", Name(row)),
                _thumbnails.ContainsKey(row) ? Element("use", new XAttribute("href", $"#p{row}")) : null)),
        Element("figcaption", Name(row), Element("br"), Element("small", remark)));

    private string Name(int row) => Foreign(_found.Features.Photos[row].Name, NameLength);

    private string Size(int row) => (_thumbnails.TryGetValue(row, out Thumbnail? picture) ? $"{picture.PhotoWidth}\u00A0×\u00A0{picture.PhotoHeight}, " : "")
        + Text.Bytes(_found.Features.Photos[row].Bytes).Replace(' ', '\u00A0');

    private string Link(string path)
    {
        string relative = Path.GetRelativePath(Path.GetDirectoryName(_found.Settings.Output)!, path);
        return (Path.IsPathRooted(relative) ? "file:///" : "")
            + string.Join('/', relative.Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString));
    }

    private static string Similarity(float similarity) => Text.Number(Math.Min(similarity, 1), "F3");

    private static XElement? More(int count, string one, string many) => count > 0 ? Element("p", Class("note"), $"{Text.Count(count, one, many)}.") : null;
}
