using System.Xml.Linq;
using RePaViT.PhotoSimilarity.Tests.Support;
using RePaViT.Tests.Support;
using RePaViT.Tool.Tests;

namespace RePaViT.PhotoSimilarity.Tests;

/// <summary>A folder as people have it, and the page that comes of it.</summary>
[TestClass]
public sealed class FolderTests
{
    // Random features tell less apart than learned ones: those of copies have a similarity of 0.9999, others one of 0.997 at most.
    private const string Threshold = "0.999";

    // Windows has no such names.
    private static readonly string _oddName = OperatingSystem.IsWindows() ? "a & b's.png" : "<b>&\"'\u0001\uFFFF.png";
    private static readonly string _oddText = OperatingSystem.IsWindows() ? _oddName : "<b>&\"'\\u0001\\uFFFF.png";

    [TestMethod]
    public void Copies_are_grouped_with_the_largest_file_first_and_others_are_not()
    {
        using Album album = Create();

        CommandRun run = album.Search("--duplicates", Threshold);

        Assert.AreEqual(SimilarityCommand.Done, run.Code, run.Errors);
        XElement page = Read(album);
        CollectionAssert.AreEqual(
            new[] { "beach.png: keep", "beach copy.png: same bytes as beach.png", "small beach.jpg: 1.000", "tower.png: keep", "tower.jpg: 1.000" },
            page.Descendants("article").Elements("div").Elements("figure").Select(Describe).ToArray());
    }

    [TestMethod]
    public void Weights_find_what_the_model_finds()
    {
        using Album album = Create();
        album.Search("--duplicates", Threshold);
        string[] expected = [.. Read(album).Descendants("figure").Select(Describe)];

        CommandRun run = album.SearchWith(album.WriteWeights(), "--duplicates", Threshold);

        Assert.AreEqual(SimilarityCommand.Done, run.Code, run.Errors);
        CollectionAssert.AreEqual(expected, Read(album).Descendants("figure").Select(Describe).ToArray());
    }

    [TestMethod]
    public void The_most_similar_photo_of_a_copy_is_its_original_and_each_photo_has_as_many_as_asked_for()
    {
        using Album album = Create();

        CommandRun run = album.Search("--most", "3");

        Assert.AreEqual(SimilarityCommand.Done, run.Code, run.Errors);
        XElement[] rows = NearestRows(Read(album));
        Assert.AreEqual(8, rows.Length);
        foreach (string[] names in rows.Select(row => row.Elements("figure").Select(NameOf).ToArray()))
        {
            Assert.AreEqual(4, names.Distinct().Count());
            Assert.IsTrue(names[0] != "tower.jpg" || names[1] == "tower.png", string.Join(", ", names));
            Assert.IsTrue(names[0] != "beach.png" || names[1] == "beach copy.png", string.Join(", ", names));
        }
    }

    [TestMethod]
    public void Photos_that_are_asked_for_may_be_elsewhere_and_are_no_duplicates_there()
    {
        using Album album = Create();
        string elsewhere = Path.Combine(Path.GetDirectoryName(album.Page)!, "query.png");
        File.Copy(album.PathOf("tower.png"), elsewhere);

        CommandRun run = album.Search("--query", elsewhere, album.PathOf("forest.png"), "--duplicates", Threshold, "--most", "1");

        Assert.AreEqual(SimilarityCommand.Done, run.Code, run.Errors);
        XElement page = Read(album);
        XElement[] rows = NearestRows(page);
        Assert.AreEqual("forest.png", NameOf(rows[0].Elements("figure").First()));
        CollectionAssert.AreEqual(new[] { "../query.png", "tower.png" }, rows[1].Elements("figure").Select(NameOf).ToArray());
        Assert.AreEqual(2, rows.Length);
        Assert.AreEqual(2, page.Descendants("article").Count());
    }

    [TestMethod]
    public void Broken_files_are_listed_and_keep_no_other_from_being_compared()
    {
        using Album album = Create();
        File.WriteAllText(album.PathOf("broken.png"), "no image");
        File.WriteAllText(album.PathOf("empty.jpg"), "");
        File.WriteAllBytes(album.PathOf("cut.png"), File.ReadAllBytes(album.PathOf("tower.png"))[..^40]);

        CommandRun run = album.Search("--duplicates", Threshold);

        Assert.AreEqual(SimilarityCommand.Failed, run.Code);
        XElement page = Read(album);
        Assert.AreEqual(2, page.Descendants("article").Count());
        string[] listed = [.. page.Descendants("li").Select(item => item.Value)];
        Assert.AreEqual(3, listed.Length);
        foreach ((string file, string text) in new[] { "broken.png", "cut.png", "empty.jpg" }.Zip(listed))
        {
            StringAssert.StartsWith(text, $"{file}: ");
            Assert.DoesNotContain("Row ", text);
            StringAssert.Contains(run.Errors, text);
        }
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_pipe_that_nobody_writes_into_is_not_waited_for()
    {
        using Album album = Create();
        SpecialFile.CreatePipe(album.PathOf("pipe.jpg"));

        Assert.AreEqual(SimilarityCommand.Failed, album.Search().Code);
        StringAssert.StartsWith(Read(album).Descendants("li").Single().Value, "pipe.jpg: ");
    }

    [TestMethod]
    public void Names_are_texts_whatever_they_consist_of()
    {
        using Album album = Create();
        album.Add(_oddName, seed: 9);

        CommandRun run = album.Search();

        Assert.AreEqual(SimilarityCommand.Done, run.Code, run.Errors);
        XElement[] figures = [.. Read(album).Descendants("figure").Where(figure => NameOf(figure) == _oddText)];
        Assert.AreNotEqual(0, figures.Length);
        foreach (XElement figure in figures)
        {
            Assert.AreEqual(_oddText, figure.Descendants("svg").Single().Attribute("aria-label")!.Value);
            Assert.AreEqual($"photos/{_oddName}", Uri.UnescapeDataString(figure.Element("a")!.Attribute("href")!.Value));
        }
    }

    [TestMethod]
    public void The_page_needs_nothing_but_itself_and_is_the_same_each_time()
    {
        using Album album = Create();
        album.Search();
        string first = File.ReadAllText(album.Page);
        string[] files = [.. Directory.EnumerateFiles(album.Photos)];

        album.Search();

        Assert.AreEqual(first, File.ReadAllText(album.Page));
        XElement page = Read(album);
        Assert.IsEmpty(page.Descendants("script"));
        Assert.IsEmpty(page.Descendants("link"));
        Assert.IsEmpty(page.Descendants().Attributes("src"));
        Assert.DoesNotContain("url(", page.Descendants("style").Single().Value);
        string[] pictures = [.. page.Descendants("symbol").Attributes("id").Select(id => $"#{id.Value}")];
        Assert.AreEqual(files.Length, pictures.Length);
        Assert.IsTrue(page.Descendants("image").Attributes("href")
            .All(picture => picture.Value.StartsWith("data:image/jpeg;base64,", StringComparison.Ordinal)));
        Assert.IsTrue(page.Descendants("figure").All(figure => pictures.Contains(figure.Descendants("use").Single().Attribute("href")!.Value)));
        CollectionAssert.AreEquivalent(files, Directory.EnumerateFiles(album.Photos).ToArray());
    }

    /// <summary>Two photos with copies, and three that are like none.</summary>
    private static Album Create()
    {
        var album = new Album();
        album.Add("tower.png", seed: 1);
        album.AddResized("tower.jpg", "tower.png");
        album.Add("beach.png", seed: 2);
        album.AddResized("small beach.jpg", "beach.png");
        File.Copy(album.PathOf("beach.png"), album.PathOf("beach copy.png"));
        album.Add("forest.png", seed: 3);
        album.Add("river.png", seed: 4);
        album.Add("market.png", seed: 5);
        return album;
    }

    private static XElement Read(Album album) => XDocument.Parse(File.ReadAllText(album.Page)).Root!;

    private static XElement[] NearestRows(XElement page)
        => [.. page.Descendants("section").Single(section => section.Element("h2")!.Value == "Most similar photos").Elements("div")];

    private static string NameOf(XElement figure) => figure.Element("figcaption")!.Nodes().OfType<XText>().First().Value;

    private static string Describe(XElement figure)
    {
        string remark = figure.Descendants("small").Single().Value;
        return $"{NameOf(figure)}: {remark.Split(',')[0]}";
    }
}
