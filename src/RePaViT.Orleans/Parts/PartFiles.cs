using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.Cluster.Parts;

/// <summary>
/// Results in the folder of a job: a file for each part, and at the end one for all. Each is replaced as a whole, so that a part that is
/// computed again is there once.
/// </summary>
internal static class PartFiles
{
    private const string PartsFolder = "parts";

    // Names are for people too: nothing here ends up in a page.
    private static readonly JsonWriterOptions _json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string ResultFile(string outputFolder) => Path.Combine(outputFolder, "results.jsonl");

    /// <summary>Stores the results of a part.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public static void Write(PartWork work, IReadOnlyList<ImageResult> results)
    {
        string path = PathOf(work.OutputFolder, work.Part);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, _json);
            for (int i = 0; i < results.Count; i++)
            {
                WriteLine(json, work.FirstImage + i, results[i]);
                json.Flush();
                json.Reset();
                stream.WriteByte((byte)'\n');
            }
        });
    }

    /// <summary>Makes one file of those of all parts, in their order, and removes them. Later calls find it done.</summary>
    /// <returns>0: no further errors.</returns>
    /// <exception cref="InvalidDataException">The file of a part is missing.</exception>
    /// <exception cref="IOException">The results cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static int Join(PartWork work, CancellationToken cancellationToken)
    {
        string result = ResultFile(work.OutputFolder);
        if (!File.Exists(result))
        {
            AtomicFile.Write(result, stream =>
            {
                for (int part = 0; part < work.Part; part++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    string path = PathOf(work.OutputFolder, part);
                    if (!File.Exists(path))
                    {
                        throw new InvalidDataException($"'{path}' is missing: the results of a part must stay until the job ends.");
                    }

                    using FileStream file = File.OpenRead(path);
                    file.CopyTo(stream);
                }
            });
        }

        string parts = Path.Combine(work.OutputFolder, PartsFolder);
        if (Directory.Exists(parts))
        {
            Directory.Delete(parts, recursive: true);
        }

        return 0;
    }

    // A folder of its own: what the writer of one file removes as left behind can never be another's, even where locks do not reach from
    // one machine to the other.
    private static string PathOf(string outputFolder, int part)
        => Path.Combine(outputFolder, PartsFolder, part.ToString("D8", CultureInfo.InvariantCulture), "results.jsonl");

    private static void WriteLine(Utf8JsonWriter json, long index, ImageResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteString("file", result.File);
        if (result.Error is string error)
        {
            json.WriteString("error", error);
        }
        else
        {
            json.WriteString("class", result.ClassName);
            json.WriteNumber("probability", result.Probability);
        }

        json.WriteEndObject();
    }
}
