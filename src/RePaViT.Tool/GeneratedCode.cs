using System.Text.RegularExpressions;
using RePaViT.IO;
using RePaViT.ImageClassification;

namespace RePaViT.Tool;

/// <summary>The code that trains, measures and uses a model, as ML.NET's Model Builder names it: what this tool runs itself.</summary>
internal static partial class GeneratedCode
{
    /// <summary>The model that it loads.</summary>
    public const string ModelFile = "model.zip";

    // A project may be without implicit usings and nullable types.
    private const string Usings = """
        #nullable enable
        using System;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using Microsoft.ML;
        using RePaViT;
        """;

    private static readonly string[] _parts = ["consumption", "training", "evaluate"];

    /// <exception cref="ArgumentException">A class cannot have this name.</exception>
    public static void ThrowUnlessName(string name)
    {
        if (!Name().IsMatch(name))
        {
            throw new ArgumentException(
                $"'{name}' is not accepted for --name: a class gets this name, so a letter is needed, "
                    + "followed by letters, digits or underscores.");
        }
    }

    /// <summary>Writes it to a folder. Returns the files.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="name">The name of the class, and its namespace.</param>
    public static IReadOnlyList<string> Write(string folder, string name) => [.. _parts.Select(part =>
    {
        using var reader = new StreamReader(typeof(GeneratedCode).Assembly.GetManifestResourceStream($"{nameof(MLModel)}.{part}.cs")!);
        string code = reader.ReadToEnd()
            .Replace($"{nameof(MLModel)}.mlnet", ModelFile, StringComparison.Ordinal)
            .Replace($"namespace {typeof(MLModel).Namespace};", $"namespace {name}Application;", StringComparison.Ordinal)
            .Replace("using Microsoft.ML;", Usings, StringComparison.Ordinal)
            .Replace($"class {nameof(MLModel)}", $"class {name}", StringComparison.Ordinal);
        string path = Path.Combine(folder, $"{name}.{part}.cs");
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.Write(code);
        });
        return path;
    })];

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]*$")]
    private static partial Regex Name();
}
