using System.Text;
using RePaViT.IO;
using RePaViT.Pages;

namespace RePaViT;

/// <summary>
/// The files of a training report: one page that needs no network and no script, and the same numbers as JSON beside it.
/// Create it before training, so that an unusable path is refused at once.
/// </summary>
public sealed class ReportFile
{
    private const string Extension = ".html";

    /// <param name="path">The page: a path that ends in <c>.html</c>, in an existing folder. An existing file is replaced.</param>
    /// <exception cref="ArgumentException">The path is not accepted; the message says why.</exception>
    public ReportFile(string path)
        : this(path, "The path")
    {
    }

    /// <param name="path">As there.</param>
    /// <param name="option">What the user calls it.</param>
    internal ReportFile(string path, string option)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.GetFullPath(path);
        JsonPath = System.IO.Path.ChangeExtension(Path, ".json");
        bool isUsable = Path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)
            && Directory.Exists(System.IO.Path.GetDirectoryName(Path))
            && !Directory.Exists(Path)
            && !Directory.Exists(JsonPath);
        if (!isUsable)
        {
            throw new ArgumentException(
                $"{option} '{Excerpt.Of(path)}' is not accepted for a report: "
                    + $"the path of a file that ends in {Extension}, in an existing folder, is needed.");
        }
    }

    /// <summary>The page.</summary>
    public string Path { get; }

    /// <summary>The numbers: the same path with <c>.json</c> at its end. <see cref="TrainingReport.FromJson"/> reads it.</summary>
    public string JsonPath { get; }

    /// <summary>Writes both files, each atomically.</summary>
    /// <param name="report">The report.</param>
    /// <exception cref="IOException">A file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">A file or the folder may not be written.</exception>
    public void Write(TrainingReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        Write(JsonPath, report.ToJson());
        Write(Path, ReportPage.Create(report));
    }

    private static void Write(string path, string text)
        => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
