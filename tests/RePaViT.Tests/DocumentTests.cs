using System.Text.RegularExpressions;
using RePaViT.Tests.Support;

namespace RePaViT.Tests;

/// <summary>What the documents of the repository point to is there.</summary>
[TestClass]
public sealed partial class DocumentTests
{
    public static IEnumerable<object[]> Documents =>
    [
        .. new[] { "README.md", "CONTRIBUTING.md" }.Select(name => new object[] { name }),
        .. Directory.EnumerateFiles(Path.Combine(SourceFiles.Repository, "docs"), "*.md").Order(StringComparer.Ordinal)
            .Select(path => new object[] { Path.GetRelativePath(SourceFiles.Repository, path) }),
    ];

    [TestMethod]
    [DynamicData(nameof(Documents))]
    public void Links_lead_to_files_and_headings(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(SourceFiles.Repository, document))!;
        foreach (Match link in Link().Matches(File.ReadAllText(Path.Combine(SourceFiles.Repository, document))))
        {
            string target = link.Groups["target"].Value;

            // Addresses are not asked, and the reference of the API is there only where the site was made.
            if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("api/", StringComparison.Ordinal))
            {
                continue;
            }

            string[] parts = target.Split('#');
            string path = parts[0] == "" ? Path.Combine(SourceFiles.Repository, document) : Path.Combine(folder, parts[0]);
            Assert.IsTrue(File.Exists(path) || Directory.Exists(path), $"{document} links to '{target}', which is not there.");
            if (parts.Length == 2)
            {
                CollectionAssert.Contains(Anchors(path), parts[1], $"{document} links to '{target}'.");
            }
        }
    }

    /// <summary>As GitHub and docfx make them of headings.</summary>
    private static string[] Anchors(string path) =>
    [
        .. Heading().Matches(File.ReadAllText(path))
            .Select(heading => NotInAnchors().Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
