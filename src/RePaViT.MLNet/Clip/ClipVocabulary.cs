using System.IO.Compression;
using System.Text;
using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.MLNet.Clip;

/// <summary>Tokens with their numbers, and which pairs of them become one, the first pair first.</summary>
/// <param name="Tokens">The number of each.</param>
/// <param name="Merges">Two tokens with a space between.</param>
internal sealed record ClipVocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<string> Merges)
{
    /// <summary>Ends a token that ends a word.</summary>
    public const string WordEnd = "</w>";

    // As many as there are in the published vocabulary: the file has more lines.
    private const int MostMerges = 49152 - 256 - 2;
    private const int MaxLength = 1 << 25;

    /// <summary>Reads OpenAI's list of merges, gzip or not, from which all numbers follow.</summary>
    /// <exception cref="InvalidDataException">The file is no such list; the message says where.</exception>
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
            // Of a token that two merges make, the later number counts.
            tokens[token] = number++;
        }

        return Create(tokens, merges, path, path);
    }

    /// <summary>Reads Hugging Face's two files.</summary>
    /// <exception cref="InvalidDataException">A file is of another kind, or they do not belong together; the message says where.</exception>
    public static ClipVocabulary Read(string vocabularyPath, string mergesPath)
    {
        Dictionary<string, int> tokens = ReadTokens(vocabularyPath);
        IEnumerable<string> needed = ByteCharacters().SelectMany(character => new[] { $"{character}", character + WordEnd })
            .Concat(ClipTokenizer.SpecialTokens);
        return needed.FirstOrDefault(token => !tokens.ContainsKey(token)) is string missing
            ? throw new InvalidDataException($"{vocabularyPath}: token '{missing}' is missing, which texts need.")
            : Create(tokens, [.. MergesOf(mergesPath)], vocabularyPath, mergesPath);
    }

    /// <summary>Refuses merges of what is no token, to what is none, or that are there twice.</summary>
    private static ClipVocabulary Create(Dictionary<string, int> tokens, string[] merges, string vocabularyPath, string mergesPath)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string merge in merges)
        {
            string[] parts = merge.Split(' ');
            if (parts.Append(parts[0] + parts[1]).FirstOrDefault(token => !tokens.ContainsKey(token)) is string missing)
            {
                throw new InvalidDataException($"{vocabularyPath}: token '{Excerpt.Of(missing)}' is missing, which the merge '{Excerpt.Of(merge)}' of '{mergesPath}' needs.");
            }

            if (!known.Add(merge))
            {
                throw new InvalidDataException($"{mergesPath}: the merge '{Excerpt.Of(merge)}' is there twice.");
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
                    throw new InvalidDataException($"{path}: token '{Excerpt.Of(token.Name)}' is there twice, or has no number from 0 on.");
                }
            }

            return tokens;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: an object of tokens and their numbers is needed. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    /// <summary>The lines behind the first, which says what the file is.</summary>
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
                : throw new InvalidDataException($"{path}: line {i + 1} is '{Excerpt.Of(line)}', but two tokens with a space between are needed.");
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
            : throw new InvalidDataException($"{path}: it has more than {MaxLength} bytes, which no vocabulary has.");
    }

    /// <summary>What stands for each byte in tokens, in the order of their numbers: the byte's own character if that can be seen.</summary>
    private static char[] ByteCharacters()
    {
        int[] visible = [.. Enumerable.Range('!', '~' - '!' + 1), .. Enumerable.Range('¡', '¬' - '¡' + 1), .. Enumerable.Range('®', 'ÿ' - '®' + 1)];
        return [.. visible.Select(value => (char)value), .. Enumerable.Range(256, 256 - visible.Length).Select(value => (char)value)];
    }
}
