using System.Text.Json;

namespace RePaViT.Benchmarks.Verification;

/// <summary>
/// A safetensors file that the reference implementation wrote: tensors, and a JSON object in the metadata that says how
/// they were made. Its content decides what it is, not its name.
/// </summary>
internal sealed class GoldenFile
{
    private const string ConfigKey = "config";

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
    };

    private readonly JsonElement _config;

    private GoldenFile(JsonElement config, NamedTensors tensors)
    {
        _config = config;
        Tensors = tensors;
    }

    public NamedTensors Tensors { get; }

    /// <summary>The family of networks that it belongs to; null if it is not about a network.</summary>
    public string? Family => _config.TryGetProperty("family", out JsonElement family) ? family.ToString() : null;

    /// <exception cref="InvalidDataException">It is no golden file, or a damaged one.</exception>
    public static GoldenFile Read(string path)
    {
        SafetensorsFile file = Safetensors.Read(path);
        if (!file.Metadata.TryGetValue(ConfigKey, out string? json))
        {
            throw new InvalidDataException($"The metadata has no '{ConfigKey}'; it is no golden file.");
        }

        try
        {
            using JsonDocument config = JsonDocument.Parse(json);
            return config.RootElement.ValueKind == JsonValueKind.Object
                ? new GoldenFile(config.RootElement.Clone(), file.Tensors)
                : throw new InvalidDataException($"The metadata '{ConfigKey}' is {json}, but a JSON object is needed.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The metadata '{ConfigKey}' is not JSON. {exception.Message}", exception);
        }
    }

    /// <summary>Whether the settings name this one.</summary>
    public bool HasSetting(string name) => _config.TryGetProperty(name, out _);

    /// <summary>The settings.</summary>
    /// <exception cref="InvalidDataException">One is missing or of the wrong type.</exception>
    public T Config<T>()
    {
        try
        {
            return _config.Deserialize<T>(JsonOptions)!;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The metadata '{ConfigKey}' is not accepted. {exception.Message}", exception);
        }
    }

    /// <exception cref="InvalidDataException">It is missing.</exception>
    public WeightTensor Tensor(string name)
        => Tensors.TryGet(name, out WeightTensor? tensor) ? tensor : throw new InvalidDataException($"Tensor '{name}' is missing.");
}
