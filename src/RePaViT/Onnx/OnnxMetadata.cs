using System.Globalization;
using RePaViT.IO;

namespace RePaViT.Onnx;

/// <summary>What marks an ONNX file as one of ours and tells how to read it: texts in the model's metadata.</summary>
internal static class OnnxMetadata
{
    public const string Producer = "RePaViT.MLNet";

    /// <summary>
    /// Stands far from the hash and says that there is one, so that damage cannot make it look as if there never was. The
    /// first files had neither; they are read, and their reader reads all files.
    /// </summary>
    public const string ProducerVersion = "2";

    /// <summary>Raised when files change so that older readers must refuse them.</summary>
    public const int FormatVersion = 1;

    private const string Prefix = "repavit.";
    private const string FormatKey = Prefix + "format";
    private const string ModelKey = Prefix + "model";
    private const string HashKey = Prefix + "hash";

    public static bool IsOurs(string key) => key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether texts are those of a network of this library.</summary>
    public static bool DescribeNetwork(IReadOnlyDictionary<string, string> metadata) => metadata.ContainsKey(ModelKey);

    public static IEnumerable<KeyValuePair<string, string>> Create(ModelDescription description) =>
    [
        new(FormatKey, FormatVersion.ToString(CultureInfo.InvariantCulture)),
        new(ModelKey, description.ToJson()),
    ];

    /// <summary>A hash that has all texts of ours in it. The hashes of the network's tensors follow, in its order.</summary>
    public static ContentHash BeginHash(IReadOnlyDictionary<string, string> metadata)
    {
        var hash = new ContentHash();
        hash.Add(metadata, HashKey);
        return hash;
    }

    /// <summary>The text that keeps the hash of a whole file.</summary>
    public static KeyValuePair<string, string> ToEntry(ContentHash hash) => new(HashKey, hash.Finish());

    /// <summary>Compares with the hash that a file keeps.</summary>
    /// <param name="metadata">All texts of ours.</param>
    /// <param name="hash">The hash of what was read.</param>
    /// <param name="isRequired">Whether the file is known to have one.</param>
    /// <exception cref="InvalidDataException">It is another, or missing.</exception>
    public static void ThrowUnlessFits(IReadOnlyDictionary<string, string> metadata, ContentHash hash, bool isRequired)
        => hash.ThrowUnlessIs(metadata.GetValueOrDefault(HashKey), isRequired);

    /// <exception cref="InvalidDataException">The file is not ours, too new or damaged.</exception>
    public static ModelDescription Parse(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(FormatKey, out string? format) || !metadata.TryGetValue(ModelKey, out string? model))
        {
            throw new InvalidDataException(
                $"It was not written by {Producer}: its metadata lack '{FormatKey}' and '{ModelKey}', without which the network's architecture is unknown.");
        }

        if (!int.TryParse(format, NumberStyles.None, CultureInfo.InvariantCulture, out int version) || version < 1)
        {
            throw new InvalidDataException($"Metadata '{FormatKey}' is '{Excerpt.Of(format)}', but a number is needed.");
        }

        return version <= FormatVersion
            ? ModelDescription.FromJson(model)
            : throw new InvalidDataException(
                $"It has format version {version}, and this version of {Producer} reads up to {FormatVersion}: a newer one is needed.");
    }
}
