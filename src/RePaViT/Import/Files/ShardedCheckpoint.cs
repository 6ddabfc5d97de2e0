using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.Import.Files;

/// <summary>
/// An index of several files, as Hugging Face writes it beside them: <c>{"weight_map": {tensor: file}}</c>, for instance
/// <c>model.safetensors.index.json</c>.
/// </summary>
internal sealed class ShardedCheckpoint : CheckpointFile
{
    private const string MapName = "weight_map";
    private const int MaxIndexLength = 1 << 22;
    private const int MaxFiles = 1024;

    // What file systems allow.
    private const int MaxNameLength = 255;

    private readonly List<CheckpointFile> _files = [];

    public ShardedCheckpoint(Stream stream, string path)
    {
        try
        {
            Dictionary<string, string> map = ReadMap(stream, path);
            Sections = [new CheckpointSection("", Open(map, path))];
            Length = stream.Length + _files.Sum(file => file.Length);
        }
        catch
        {
            DisposeFiles();
            throw;
        }
    }

    public override IReadOnlyList<CheckpointSection> Sections { get; }

    public override long Length { get; }

    public override void Dispose()
    {
        DisposeFiles();
        base.Dispose();
    }

    private static Dictionary<string, string> ReadMap(Stream stream, string path)
    {
        if (stream.Length > MaxIndexLength)
        {
            throw new InvalidDataException($"{path}: an index of {stream.Length} bytes is not accepted; at most {MaxIndexLength} are.");
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            if (!document.RootElement.TryGetProperty(MapName, out JsonElement members) || members.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{path}: there is no object '{MapName}', which an index of weights needs.");
            }

            foreach (JsonProperty member in members.EnumerateObject())
            {
                if (member.Value.ValueKind != JsonValueKind.String || !map.TryAdd(member.Name, member.Value.GetString()!))
                {
                    throw new InvalidDataException($"{path}: '{Excerpt.Of(member.Name)}' occurs twice, or names no file.");
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: the index is not JSON. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }

        return map;
    }

    private List<StoredTensor> Open(Dictionary<string, string> map, string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string[] names = [.. map.Values.Distinct(StringComparer.Ordinal)];
        if (names.Length > MaxFiles)
        {
            throw new InvalidDataException($"{path}: {names.Length} files are not accepted; at most {MaxFiles} are.");
        }

        var tensors = new List<StoredTensor>(map.Count);
        foreach (string name in names)
        {
            // A name, not a path: an index says nothing about other folders.
            if (name.Length is 0 or > MaxNameLength || name is "." or ".." || name.AsSpan().ContainsAny("/\\:\0"))
            {
                throw new InvalidDataException($"{path}: '{Excerpt.Of(name)}' is not accepted: the name of a file beside the index is needed.");
            }

            CheckpointFile file = OpenPart(Path.Combine(folder, name), path);
            _files.Add(file);
            tensors.AddRange(file.Sections.Where(section => section.Name.Length == 0).SelectMany(section => section.Tensors).Where(
                tensor => map.TryGetValue(tensor.Name, out string? place) && place == name));
        }

        if (tensors.Count != map.Count)
        {
            string missing = map.Keys.Except(tensors.Select(tensor => tensor.Name), StringComparer.Ordinal).First();
            throw new InvalidDataException($"{path}: tensor '{Excerpt.Of(missing)}' is not in '{Excerpt.Of(map[missing])}'.");
        }

        return tensors;
    }

    private static CheckpointFile OpenPart(string part, string path)
    {
        try
        {
            return OpenSingle(part);
        }
        catch (FileNotFoundException exception)
        {
            throw new InvalidDataException($"{path}: there is no file '{part}', which the index names.", exception);
        }
    }

    private void DisposeFiles()
    {
        foreach (CheckpointFile file in _files)
        {
            file.Dispose();
        }
    }
}
