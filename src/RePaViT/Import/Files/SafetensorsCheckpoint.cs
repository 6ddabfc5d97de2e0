using RePaViT.Weights;

namespace RePaViT.Import.Files;

/// <summary>A safetensors file, read tensor by tensor.</summary>
internal sealed class SafetensorsCheckpoint : CheckpointFile
{
    private readonly Stream _stream;

    public SafetensorsCheckpoint(Stream stream, string path)
    {
        _stream = stream;
        SafetensorsHeader header = Safetensors.ReadHeader(stream, path);
        long place = stream.Position;
        var tensors = new List<StoredTensor>(header.Entries.Count);
        foreach (SafetensorsEntry entry in header.Entries)
        {
            long start = place;
            long bytes = (long)entry.Length * entry.Type.Size;
            var type = new ElementType(entry.Type.Name, entry.Type.Size, entry.Type);
            tensors.Add(new StoredTensor(entry.Name, entry.Shape, type, bytes, () => Read(entry, start, path)));
            place += bytes;
        }

        Sections = [new CheckpointSection("", tensors)];
        Length = stream.Length;
        Description = NetworkMetadata.DescribeNetwork(header.Metadata) ? ReadDescription(header.Metadata, path) : null;
    }

    public override IReadOnlyList<CheckpointSection> Sections { get; }

    public override long Length { get; }

    public override ModelDescription? Description { get; }

    private static ModelDescription ReadDescription(IReadOnlyDictionary<string, string> metadata, string path)
    {
        try
        {
            return NetworkMetadata.Parse(metadata);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{path}: {exception.Message}", exception);
        }
    }

    private float[] Read(SafetensorsEntry entry, long start, string path)
    {
        float[] values = new float[entry.Length];
        try
        {
            _stream.Position = start;
            entry.Type.Read(_stream, values);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{path}: the file became shorter while it was read.", exception);
        }

        return values;
    }
}
