using System.Text;
using System.Text.Json;

namespace RePaViT.Tests.Support;

/// <summary>JSON in which one thing is far longer than anybody writes it.</summary>
internal static class LongTokens
{
    /// <summary>More than any message may have.</summary>
    public const int Length = 100_000;

    /// <summary>The text once for each of its names and values, which is replaced by something long.</summary>
    public static IEnumerable<string> Each(string json)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        foreach ((int start, int end, bool isName) in Tokens(bytes))
        {
            string before = Encoding.UTF8.GetString(bytes, 0, start);
            string after = Encoding.UTF8.GetString(bytes, end, bytes.Length - end);
            string text = $"\"{new string('x', Length)}\"";
            string[] replacements = isName
                ? [text, $"{Encoding.UTF8.GetString(bytes, start, end - start)}:0,{text}:0,{text}"]
                : [text, new string('1', Length), $"[{new StringBuilder().Insert(0, "1,", Length)}1]", $"{{{text}:1,{text}:2}}"];
            foreach (string replacement in replacements)
            {
                yield return before + replacement + after;
            }
        }
    }

    /// <summary>Fails where a message is long, be it one of a reason.</summary>
    public static void AssertShort(Exception exception)
    {
        for (Exception? reason = exception; reason is not null; reason = reason.InnerException)
        {
            Assert.IsLessThan(2000, reason.Message.Length, reason.Message[..Math.Min(500, reason.Message.Length)]);
        }
    }

    private static List<(int Start, int End, bool IsName)> Tokens(byte[] json)
    {
        var tokens = new List<(int, int, bool)>();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                int quotes = reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String ? 2 : 0;
                int start = (int)reader.TokenStartIndex;
                tokens.Add((start, start + quotes + reader.ValueSpan.Length, reader.TokenType == JsonTokenType.PropertyName));
            }
        }

        return tokens;
    }
}
