using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RePaViT.IO;

/// <summary>
/// How descriptions of networks and runs are stored: as JSON, by code that was generated for their types, which is there after
/// trimming and needs no compiler at run time. Texts come from files that are not to be trusted.
/// </summary>
internal sealed class StoredJson
{
    private readonly JsonSerializerOptions _options;

    /// <param name="types">The generated code, with its options.</param>
    public StoredJson(JsonSerializerContext types)
        => _options = new(types.Options) { TypeInfoResolver = types.WithAddedModifier(RequireMembers) };

    public string Write<T>(T value) => JsonSerializer.Serialize(value, TypeOf<T>());

    /// <summary>What <see cref="Write"/> writes, not yet as a text.</summary>
    public JsonNode? ToNode<T>(T value) => JsonSerializer.SerializeToNode(value, TypeOf<T>());

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="JsonException">It is no JSON, or not of this type; the message says why.</exception>
    public T? Parse<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TypeOf<T>());
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException or ArgumentException)
        {
            // A text that is not Unicode, an object without the member that names its type, a constructor's refusal.
            throw new JsonException(exception.Message, exception);
        }
    }

    // Generated code sets an init-only member that a text lacks to 0 or null, whatever its default. Where that is the
    // default, it need not be written either.
    private static void RequireMembers(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo member in type.Properties)
        {
            member.IsRequired |= member.AssociatedParameter is { IsMemberInitializer: true } && member.ShouldSerialize is null;
        }
    }

    private JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T));
}
