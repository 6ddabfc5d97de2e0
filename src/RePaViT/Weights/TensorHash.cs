using RePaViT.IO;

namespace RePaViT.Weights;

/// <summary>The hash of a safetensors file of this library.</summary>
internal static class TensorHash
{
    /// <summary>A hash of metadata and tensors, in their order.</summary>
    /// <param name="metadata">The texts of the header.</param>
    /// <param name="hashKey">The one that is the hash itself.</param>
    /// <param name="tensors">The tensors.</param>
    public static ContentHash Of(IReadOnlyDictionary<string, string> metadata, string hashKey, NamedTensors tensors)
    {
        var hash = new ContentHash();
        hash.Add(metadata, hashKey);
        foreach ((string name, WeightTensor tensor) in tensors)
        {
            hash.BeginTensor(name, tensor.Shape);
            hash.Add(tensor.Data);
        }

        return hash;
    }
}
