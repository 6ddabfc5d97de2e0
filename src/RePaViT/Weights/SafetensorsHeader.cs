using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using RePaViT.IO;

namespace RePaViT.Weights;

/// <summary>Where a tensor of a file lies: entries follow each other without gaps.</summary>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, int[] Shape, int Length)
{
    public long Bytes => (long)Length * Type.Size;
}

/// <summary>The JSON header of a safetensors file, checked against the length of the data.</summary>
internal sealed partial record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    private const string MetadataName = "__metadata__";
    private const int Alignment = 8;

    // One more than the header, a tensor and its shape: then it is the shape that gets refused.
    private const int MaxDepth = 4;

    /// <exception cref="JsonException">It is not the JSON of a header.</exception>
    /// <exception cref="InvalidDataException">The tensors do not fill the data exactly, or one has another type.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength)
    {
        // Member by member: kept as a document, a header of small, senseless members would take thirty times its size.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        Dictionary<string, string>? metadata = null;
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidDataException("It is null, a list or a value, but an object is needed.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = ReadName(ref reader);
            reader.Read();
            if (name == MetadataName && metadata is null)
            {
                metadata = ReadMetadata(ref reader);
            }
            else if (name == MetadataName || !places.TryAdd(name, ReadPlace(ref reader, name)))
            {
                throw new InvalidDataException($"'{Excerpt.Of(name)}' occurs twice.");
            }
        }

        // Nothing may follow; the reader itself refuses what does.
        reader.Read();
        var entries = new List<SafetensorsEntry>(places.Count);
        long end = 0;
        foreach ((string name, Place place) in places.OrderBy(entry => entry.Value.Offsets[0]).ThenBy(entry => entry.Value.Offsets[1]))
        {
            entries.Add(CreateEntry(name, place, end, dataLength));
            end = place.Offsets[1];
        }

        return end == dataLength
            ? new SafetensorsHeader(entries, metadata ?? [])
            : throw new InvalidDataException($"The tensors cover {end} bytes of data, but the file has {dataLength}.");
    }

    /// <summary>The header for tensors that follow each other, padded with spaces so that the data are aligned.</summary>
    /// <exception cref="ArgumentException">A name cannot be stored.</exception>
    public static byte[] Create(IEnumerable<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                // Sorted: a dictionary promises no order, but the same content must give the same bytes.
                json.WriteStartObject(MetadataName);
                foreach ((string key, string text) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    string name = $"metadata '{Excerpt.Of(key)}'";
                    UnicodeText.ThrowUnlessStorable(key, $"The name of {name}");
                    UnicodeText.ThrowUnlessStorable(
                        text ?? throw new ArgumentException($"The {name} is null, but a string is needed."), $"The {name}");
                    json.WriteString(key, text);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (SafetensorsEntry tensor in tensors)
            {
                long end = offset + tensor.Bytes;
                WriteEntry(json, tensor, offset, end);
                offset = end;
            }

            json.WriteEndObject();
        }

        int padding = -buffer.WrittenCount & (Alignment - 1);
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    private static string ReadName(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException("A name is not Unicode text.", exception);
        }
    }

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader)
    {
        var metadata = JsonSerializer.Deserialize(ref reader, HeaderTypes.Default.DictionaryStringString) ?? [];
        return metadata.FirstOrDefault(pair => pair.Value is null).Key is string key
            ? throw new InvalidDataException($"Metadata '{Excerpt.Of(key)}' is null, but a string is needed.")
            : metadata;
    }

    private static Place ReadPlace(ref Utf8JsonReader reader, string name)
    {
        if (name.Length == 0)
        {
            throw new InvalidDataException("A tensor has no name.");
        }

        Place place = JsonSerializer.Deserialize(ref reader, HeaderTypes.Default.Place)
            ?? throw new InvalidDataException($"Tensor '{Excerpt.Of(name)}' is null, but an object is needed.");
        return place.Offsets.Length == 2
            ? place
            : throw new InvalidDataException($"Tensor '{Excerpt.Of(name)}' has {place.Offsets.Length} data offsets, but 2 are needed.");
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry tensor, long begin, long end)
    {
        if (tensor.Name == MetadataName)
        {
            throw new ArgumentException($"A tensor cannot be stored as '{MetadataName}': the format keeps that name for itself.");
        }

        UnicodeText.ThrowUnlessStorable(tensor.Name, $"The name of tensor '{tensor.Name}'");
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type.Name);
        json.WriteStartArray("shape");
        foreach (int size in tensor.Shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static SafetensorsEntry CreateEntry(string name, Place place, long expectedBegin, long dataLength)
    {
        (long begin, long end) = (place.Offsets[0], place.Offsets[1]);
        if (begin != expectedBegin || end < begin || end > dataLength)
        {
            throw new InvalidDataException(
                $"Tensor '{Excerpt.Of(name)}' lies at bytes {begin} to {end} of {dataLength}, but must start where the tensor before it ends, at {expectedBegin}.");
        }

        SafetensorsType type = SafetensorsType.All.FirstOrDefault(type => type.Name == place.Type)
            ?? throw new InvalidDataException(
                $"Tensor '{Excerpt.Of(name)}' has type {Excerpt.Of(place.Type)}; "
                    + $"{string.Join(", ", SafetensorsType.All.Select(type => type.Name))} are accepted.");
        long length = 1;
        foreach (int size in place.Shape)
        {
            // Products stay below 2^31 * 2^31, which cannot overflow.
            length = size >= 0 && length <= Array.MaxLength
                ? length * size
                : throw new InvalidDataException($"Tensor '{Excerpt.Of(name)}' has shape [{Excerpt.OfList(place.Shape)}], which no tensor can have.");
        }

        if (length > Array.MaxLength || length * type.Size != end - begin)
        {
            throw new InvalidDataException(
                $"Tensor '{Excerpt.Of(name)}' has shape [{Excerpt.OfList(place.Shape)}], {length} values of {type.Size} bytes, but its data have {end - begin} bytes.");
        }

        return new SafetensorsEntry(name, type, place.Shape, (int)length);
    }

    private sealed record Place
    {
        [JsonPropertyName("dtype")]
        public required string Type { get; init; }

        [JsonPropertyName("shape")]
        public required int[] Shape { get; init; }

        [JsonPropertyName("data_offsets")]
        public required long[] Offsets { get; init; }
    }

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict, GenerationMode = JsonSourceGenerationMode.Metadata, MaxDepth = SafetensorsHeader.MaxDepth)]
    [JsonSerializable(typeof(Place))]
    [JsonSerializable(typeof(Dictionary<string, string>))]
    private sealed partial class HeaderTypes : JsonSerializerContext;
}
