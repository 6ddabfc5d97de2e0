using System.Text.Json;
using System.Text.Json.Serialization;

namespace RePaViT.IO;

/// <summary>JSON from files that are not to be trusted, by the serializer.</summary>
internal static class StoredJson
{
    /// <summary>How descriptions of networks and runs are stored.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Reads what was written with <see cref="Options"/>.</summary>
    /// <exception cref="JsonException">It is no JSON, or not of this type; the message says why.</exception>
    public static T? Parse<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException or ArgumentException)
        {
            // A text that is not Unicode, an object without the member that names its type, a constructor's refusal.
            throw new JsonException(exception.Message, exception);
        }
    }
}
