using System.Text.Json;

namespace RePaViT.IO;

/// <summary>JSON from files that are not to be trusted, by the serializer.</summary>
internal static class StoredJson
{
    /// <summary>Reads what was written with <see cref="ModelDescription.JsonOptions"/>.</summary>
    /// <exception cref="JsonException">It is no JSON, or not of this type; the message says why.</exception>
    public static T? Parse<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, ModelDescription.JsonOptions);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException or ArgumentException)
        {
            // A text that is not Unicode, an object without the member that names its type, a constructor's refusal.
            throw new JsonException(exception.Message, exception);
        }
    }
}
