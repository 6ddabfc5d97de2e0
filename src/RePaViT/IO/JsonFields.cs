using System.Text.Json;

namespace RePaViT.IO;

/// <summary>
/// The members of a JSON object, each of which has to be read: one that is missing, of another kind, there twice or not read
/// is refused by name. It reads what a strict <see cref="JsonSerializer"/> wrote, whose first use in a process takes
/// a tenth of a second: as long as all else that opening a small model takes.
/// </summary>
internal sealed class JsonFields
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    private readonly JsonElement _object;
    private readonly string _path;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    private JsonFields(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw NotAccepted(path, element, "an object");
        }

        _object = element;
        _path = path;
    }

    /// <summary>Reads a text that is one object.</summary>
    /// <param name="json">The text.</param>
    /// <param name="read">Asks for all members.</param>
    /// <exception cref="JsonException">It is not JSON, or does not have the expected members; the message says which.</exception>
    public static T Parse<T>(string json, Func<JsonFields, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            return Read(document.RootElement, "$", read);
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair, written as an escape: what has one is found only where it is unescaped.
            throw new JsonException("A name or text is not Unicode.", exception);
        }
    }

    public T Object<T>(string name, Func<JsonFields, T> read) => Read(Member(name), PathOf(name), read);

    public bool IsNull(string name) => Member(name).ValueKind == JsonValueKind.Null;

    public int Int32(string name) => ToInt32(Member(name), PathOf(name));

    public float Single(string name)
    {
        JsonElement member = Member(name);
        return member.ValueKind == JsonValueKind.Number && member.TryGetSingle(out float value)
            ? value
            : throw NotAccepted(name, "a number");
    }

    public double Double(string name)
    {
        JsonElement member = Member(name);
        return member.ValueKind == JsonValueKind.Number && member.TryGetDouble(out double value)
            ? value
            : throw NotAccepted(name, "a number");
    }

    public bool Boolean(string name)
    {
        JsonElement member = Member(name);
        return member.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? member.GetBoolean()
            : throw NotAccepted(name, "true or false");
    }

    /// <summary>Whether a member exists: for members that are not written if they have their default.</summary>
    public bool Has(string name) => _object.TryGetProperty(name, out _);

    public string Text(string name) => ToText(Member(name), PathOf(name));

    /// <summary>A value of an enumeration, by its name in camel case.</summary>
    public T Choice<T>(string name)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName)];
        int index = Array.IndexOf(names, Text(name));
        return index >= 0 ? Enum.GetValues<T>()[index] : throw NotAccepted(name, string.Join(" or ", names));
    }

    /// <summary>The same, for a member that is not written where it has its default.</summary>
    public T ChoiceOrDefault<T>(string name)
        where T : struct, Enum
        => _object.TryGetProperty(name, out _) ? Choice<T>(name) : default;

    public int[] Int32s(string name) => ToArray(name, ToInt32);

    public string[] Texts(string name) => ToArray(name, ToText);

    /// <summary>What refuses a member's value.</summary>
    /// <param name="name">The member.</param>
    /// <param name="accepted">What it can be, after "but" and before "is needed".</param>
    public JsonException NotAccepted(string name, string accepted) => NotAccepted(PathOf(name), Member(name), accepted);

    private static T Read<T>(JsonElement element, string path, Func<JsonFields, T> read)
    {
        var fields = new JsonFields(element, path);
        T value = read(fields);
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!fields._asked.Contains(member.Name))
            {
                throw new JsonException($"{fields.PathOf(Excerpt.Of(member.Name))} is not known.");
            }
        }

        return value;
    }

    private T[] ToArray<T>(string name, Func<JsonElement, string, T> convert)
    {
        JsonElement list = Member(name);
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw NotAccepted(name, "a list");
        }

        string path = PathOf(name);
        var values = new T[list.GetArrayLength()];
        int index = 0;
        foreach (JsonElement element in list.EnumerateArray())
        {
            values[index++] = convert(element, path);
        }

        return values;
    }

    private static int ToInt32(JsonElement element, string path)
        => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value)
            ? value
            : throw NotAccepted(path, element, "a 32-bit integer");

    private static string ToText(JsonElement element, string path)
        => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw NotAccepted(path, element, "a string");

    private JsonElement Member(string name)
    {
        _asked.Add(name);
        return _object.TryGetProperty(name, out JsonElement member)
            ? member
            : throw new JsonException($"{PathOf(name)} is missing.");
    }

    private string PathOf(string name) => $"{_path}.{name}";

    private static JsonException NotAccepted(string path, JsonElement element, string accepted)
    {
        const int MaxLength = 40;
        return new($"{path} is {Excerpt.Of(element.GetRawText(), MaxLength)}, but {accepted} is needed.");
    }
}
