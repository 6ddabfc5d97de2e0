using System.Text;
using RePaViT.IO;
using RePaViT.Pages;

namespace RePaViT;

/// <summary>
/// Where reports of a training go: a page that shows all of it in one file, without network and without script, and the same
/// numbers as JSON beside it. Make it before training, which refuses a path that cannot be used.
/// </summary>
public sealed class ReportFile
{
    private const string Extension = ".html";

    /// <param name="path">The page: a path that ends in <c>.html</c>, in a folder that exists. A file there is replaced.</param>
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
                $"{option} '{Excerpt.Of(path)}' is not accepted for a report: a file that ends in {Extension}, in a folder that exists, is needed.");
        }
    }

    /// <summary>The page.</summary>
    public string Path { get; }

    /// <summary>The numbers: the same path with <c>.json</c> at its end. <see cref="TrainingReport.FromJson"/> reads it.</summary>
    public string JsonPath { get; }

    /// <summary>Writes both files, each as a whole.</summary>
    /// <param name="report">The report.</param>
    /// <exception cref="IOException">A file cannot be written; it keeps what it held.</exception>
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
