using System.Globalization;
using RePaViT.IO;

namespace RePaViT;

/// <summary>How a file of any format says which network it holds: texts among its metadata.</summary>
internal static class NetworkMetadata
{
    public const string Producer = "RePaViT.MLNet";

    public const string Prefix = "repavit.";

    /// <summary>Raised when files change so that older readers must refuse them.</summary>
    public const int FormatVersion = 1;

    private const string FormatKey = Prefix + "format";
    private const string ModelKey = Prefix + "model";

    public static bool IsOurs(string key) => key.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether texts are those of a network of this library.</summary>
    public static bool DescribeNetwork(IReadOnlyDictionary<string, string> metadata) => metadata.ContainsKey(ModelKey);

    public static IEnumerable<KeyValuePair<string, string>> Create(ModelDescription description) =>
    [
        new(FormatKey, FormatVersion.ToString(CultureInfo.InvariantCulture)),
        new(ModelKey, description.ToJson()),
    ];

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
