using System.Text.Json.Nodes;
using RePaViT.IO;

namespace RePaViT.Training;

/// <summary>Compares descriptions by what is stored of them, so that a refusal can name what does not fit.</summary>
internal static class JsonDifference
{
    /// <summary>Names the first value in which two descriptions differ; null if none does.</summary>
    /// <param name="name">What they describe.</param>
    /// <param name="here">The requested value.</param>
    /// <param name="there">What it is compared with.</param>
    /// <param name="place">Where that comes from, in the words of the message.</param>
    public static string? First<T>(string name, T here, T there, string place)
        => First(name, RunJson.Stored.ToNode(here), RunJson.Stored.ToNode(there), place);

    private static string? First(string path, JsonNode? here, JsonNode? there, string place)
    {
        if (JsonNode.DeepEquals(here, there))
        {
            return null;
        }

        IEnumerable<string?> inside = (here, there) switch
        {
            (JsonObject a, JsonObject b) => a.Select(p => First($"{path}.{p.Key}", p.Value, b[p.Key], place)),
            (JsonArray a, JsonArray b) => a.Zip(b).Select((pair, i) => First($"{path}[{i}]", pair.First, pair.Second, place)),
            _ => [],
        };
        return inside.FirstOrDefault(difference => difference is not null)
            ?? $"{path} is {Text(there)} in {place}, but {Text(here)} here";

        static string Text(JsonNode? node) => Excerpt.Of(node?.ToJsonString() ?? "null");
    }
}
