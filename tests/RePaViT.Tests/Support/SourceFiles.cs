using System.Reflection;
using System.Text.RegularExpressions;

namespace RePaViT.Tests.Support;

/// <summary>The source files of an assembly of ours, for what compiled code does not tell.</summary>
internal sealed partial class SourceFiles
{
    /// <summary>The folder src.</summary>
    public static readonly string Root = typeof(SourceFiles).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "Sources").Value!;

    /// <summary>The folder of the repository.</summary>
    public static readonly string Repository = Path.GetDirectoryName(Path.GetFullPath(Root).TrimEnd(Path.DirectorySeparatorChar))!;

    private readonly List<SourceFile> _files = [];

    /// <param name="assembly">The name of the assembly, and of its folder below src.</param>
    public SourceFiles(string assembly)
    {
        string folder = Path.Combine(Root, assembly);
        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
            if (name.Split('/')[0] is not ("bin" or "obj"))
            {
                _files.Add(new SourceFile(name, Comment().Replace(File.ReadAllText(path), "")));
            }
        }
    }

    /// <summary>The file that declares a type, or one of them; null for a type that the compiler made.</summary>
    /// <param name="type">A type that is not nested.</param>
    public string? FileOf(Type type)
        => _files.Find(file => file.Namespace == type.Namespace && file.Types.Contains(type.Name.Split('`')[0]))?.Name;

    /// <summary>The files that name a constant. In compiled code its value stands there instead.</summary>
    public IEnumerable<string> FilesThatName(FieldInfo constant)
    {
        Type type = constant.DeclaringType!;
        var name = new Regex($@"\b{type.Name}\.{constant.Name}\b");
        return _files.Where(file => file.Sees(type.Namespace!) && name.IsMatch(file.Text)).Select(file => file.Name);
    }

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^namespace (.+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    // What is not nested begins a line.
    [GeneratedRegex(@"^(?:[a-z]+ )*(?:class|struct|interface|enum|record|delegate \S+) (?:struct )?(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    private sealed record SourceFile(string Name, string Text)
    {
        public string Namespace { get; } = NamespaceLine().Match(Text).Groups[1].Value;

        public HashSet<string> Types { get; } = [.. Declaration().Matches(Text).Select(match => match.Groups[1].Value)];

        public bool Sees(string name) => $"{Namespace}.".StartsWith($"{name}.", StringComparison.Ordinal)
            || Text.Contains($"using {name};", StringComparison.Ordinal);
    }
}
