using RePaViT.IO;

namespace RePaViT.Onnx;

/// <summary>What marks an ONNX file as one of ours and tells how to read it: texts in the model's metadata.</summary>
internal static class OnnxMetadata
{
    public const string Producer = NetworkMetadata.Producer;

    /// <summary>
    /// Stands far from the hash and says that there is one, so that damage cannot make it look as if there never was. The
    /// first files had neither; they are read, and their reader reads all files.
    /// </summary>
    public const string ProducerVersion = "2";

    private const string HashKey = NetworkMetadata.Prefix + "hash";

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
}
