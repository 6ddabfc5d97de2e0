using System.Text.RegularExpressions;
using RePaViT.Tests.Support;

namespace RePaViT.Tests;

[TestClass]
public sealed partial class TroubleshootingTests
{
    private const string Page = "troubleshooting.md";
    private const string Varying = "…";

    // A shorter one could be found anywhere.
    private const int LeastLength = 10;
    private const int LeastPart = 3;

    // What varies in a message stands in the source as an expression, in this much text at most.
    private const int MostBetween = 400;

    [TestMethod]
    public void Every_message_of_the_page_stands_in_the_source()
    {
        string[] messages = [.. File.ReadLines(Path.Combine(SourceFiles.Repository, "docs", Page)).SelectMany(Messages)];
        string source = string.Join('\n', Sources());

        Assert.IsGreaterThan(200, messages.Length);
        string[] unknown = [.. messages.Where(message => !Pattern(message).IsMatch(source))];
        Assert.IsEmpty(unknown, $"{Page} quotes what the source does not say:\n{string.Join('\n', unknown)}");
    }

    [TestMethod]
    public void A_message_that_is_not_in_the_source_is_noticed()
    {
        string source = Literals(
            "throw new IOException($\"'{path}' has {count} bytes, \"\n    + $\"but {Most} are accepted.\"); // 'x' is gone.");

        Assert.IsTrue(Pattern("'…' has … bytes, but … are accepted.").IsMatch(source));
        Assert.IsFalse(Pattern("'…' has … bytes, but … are needed.").IsMatch(source));
        Assert.IsFalse(Pattern("… are accepted. … has … bytes").IsMatch(source));
        Assert.IsFalse(Pattern("'x' is gone.").IsMatch(source));
        Assert.ThrowsExactly<ArgumentException>(() => Pattern("… is …"));
    }

    /// <summary>The messages that a line of a table quotes in its first cell.</summary>
    private static IEnumerable<string> Messages(string line) => line.StartsWith("| `", StringComparison.Ordinal)
        ? Quoted().Matches(line.Split(" | ")[0]).Select(match => match.Groups[1].Value)
        : [];

    /// <summary>The parts of a message in their order, within one statement.</summary>
    private static Regex Pattern(string message)
    {
        string[] parts =
        [
            .. message.Split(Varying, StringSplitOptions.TrimEntries).Where(part => part.Count(char.IsLetterOrDigit) >= LeastPart),
        ];
        return parts.Sum(part => part.Length) < LeastLength
            ? throw new ArgumentException($"'{message}' says too little to be looked for.")
            : new Regex(string.Join($".{{0,{MostBetween}}}?", parts.Select(Regex.Escape)));
    }

    private static IEnumerable<string> Sources() => ((string[])["src", "samples"])
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(SourceFiles.Repository, folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !Path.GetRelativePath(SourceFiles.Repository, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
        .Select(path => Literals(File.ReadAllText(path)));

    /// <summary>The lines of a file that have a string, with concatenated strings joined and <c>nameof</c> replaced by the name.</summary>
    private static string Literals(string code)
    {
        string joined = Sum().Replace(Comment().Replace(code, ""), "");
        return string.Join('\n', Name().Replace(joined, "$1").Split('\n').Where(line => line.Contains('"')));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("(?<=^|\\s)//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"")]
    private static partial Regex Sum();

    [GeneratedRegex("\\{nameof\\((?:\\w+\\.)*(\\w+)\\)\\}")]
    private static partial Regex Name();
}
