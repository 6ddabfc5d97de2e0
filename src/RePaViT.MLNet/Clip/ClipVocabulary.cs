using System.IO.Compression;
using System.Text;
using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.MLNet.Clip;

/// <summary>Tokens with their numbers, and the pairs of them that are merged, in order of priority.</summary>
/// <param name="Tokens">The number of each.</param>
/// <param name="Merges">Two tokens each, separated by a space.</param>
internal sealed record ClipVocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<string> Merges)
{
    /// <summary>The suffix of a token that ends a word.</summary>
    public const string WordEnd = "</w>";

    // The published vocabulary uses this many; the file has more lines.
    private const int MostMerges = 49152 - 256 - 2;
    private const int MaxLength = 1 << 25;

    /// <summary>Reads OpenAI's list of merges, compressed with gzip or not, from which all numbers follow.</summary>
    /// <exception cref="InvalidDataException">The file is not such a list; the message says where.</exception>
    public static ClipVocabulary ReadMerges(string path)
    {
        string[] merges = [.. MergesOf(path).Take(MostMerges)];
        char[] bytes = ByteCharacters();
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        IEnumerable<string> all = bytes.Select(character => $"{character}")
            .Concat(bytes.Select(character => character + WordEnd))
            .Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)))
            .Concat(ClipTokenizer.SpecialTokens);
        int number = 0;
        foreach (string token in all)
        {
            // If two merges give the same token, the later number counts.
            tokens[token] = number++;
        }

        return Create(tokens, merges, path, path);
    }

    /// <summary>Reads Hugging Face's two files.</summary>
    /// <exception cref="InvalidDataException">A file is of another kind, or the two do not belong together; the message says where.</exception>
    public static ClipVocabulary Read(string vocabularyPath, string mergesPath)
    {
        Dictionary<string, int> tokens = ReadTokens(vocabularyPath);
        IEnumerable<string> needed = ByteCharacters().SelectMany(character => new[] { $"{character}", character + WordEnd })
            .Concat(ClipTokenizer.SpecialTokens);
        return needed.FirstOrDefault(token => !tokens.ContainsKey(token)) is string missing
            ? throw new InvalidDataException($"{vocabularyPath}: token '{missing}' is missing, but texts need it.")
            : Create(tokens, [.. MergesOf(mergesPath)], vocabularyPath, mergesPath);
    }

    /// <summary>Refuses merges whose parts or result are not tokens, and merges that occur twice.</summary>
    private static ClipVocabulary Create(Dictionary<string, int> tokens, string[] merges, string vocabularyPath, string mergesPath)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string merge in merges)
        {
            string[] parts = merge.Split(' ');
            if (parts.Append(parts[0] + parts[1]).FirstOrDefault(token => !tokens.ContainsKey(token)) is string missing)
            {
                throw new InvalidDataException($"{vocabularyPath}: token '{Excerpt.Of(missing)}' is missing, but the merge '{Excerpt.Of(merge)}' of '{mergesPath}' needs it.");
            }

            if (!known.Add(merge))
            {
                throw new InvalidDataException($"{mergesPath}: the merge '{Excerpt.Of(merge)}' occurs twice.");
            }
        }

        return new ClipVocabulary(tokens, merges);
    }

    private static Dictionary<string, int> ReadTokens(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(ReadText(path));
            var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (JsonProperty token in document.RootElement.EnumerateObject())
            {
                if (!token.Value.TryGetInt32(out int number) || number < 0 || !tokens.TryAdd(token.Name, number))
                {
                    throw new InvalidDataException($"{path}: token '{Excerpt.Of(token.Name)}' occurs twice, or its number is not a whole number of at least 0.");
                }
            }

            return tokens;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: a JSON object with a number for each token is needed. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    /// <summary>All lines but the first, which says what the file is.</summary>
    private static IEnumerable<string> MergesOf(string path)
    {
        string[] lines = ReadText(path).Split('\n');
        for (int i = 1; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0)
            {
                continue;
            }

            yield return line.Split(' ') is [{ Length: > 0 }, { Length: > 0 }]
                ? line
                : throw new InvalidDataException($"{path}: line {i + 1} is '{Excerpt.Of(line)}', but two tokens separated by a space are needed.");
        }
    }

    private static string ReadText(string path)
    {
        using FileStream file = SourceFile.Open(path);
        Span<byte> start = stackalloc byte[2];
        bool isPacked = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == 2 && start is [0x1f, 0x8b];
        file.Position = 0;
        using Stream content = isPacked ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var unpacked = new MemoryStream();
        byte[] block = new byte[1 << 16];
        try
        {
            for (int read = content.Read(block); read > 0 && unpacked.Length <= MaxLength; read = content.Read(block))
            {
                unpacked.Write(block, 0, read);
            }
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{path}: {exception.Message}", exception);
        }

        return unpacked.Length <= MaxLength
            ? Encoding.UTF8.GetString(unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length))
            : throw new InvalidDataException($"{path}: it has more than {MaxLength} bytes, too many for a vocabulary.");
    }

    /// <summary>The character that stands for each byte in tokens, in the order of their numbers: the byte's own character if it is visible.</summary>
    private static char[] ByteCharacters()
    {
        int[] visible = [.. Enumerable.Range('!', '~' - '!' + 1), .. Enumerable.Range('¡', '¬' - '¡' + 1), .. Enumerable.Range('®', 'ÿ' - '®' + 1)];
        return [.. visible.Select(value => (char)value), .. Enumerable.Range(256, 256 - visible.Length).Select(value => (char)value)];
    }
}
