namespace RePaViT;

/// <summary>The content of a safetensors file.</summary>
public sealed class SafetensorsFile
{
    internal SafetensorsFile(NamedTensors tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>The tensors in the order of their data, converted to 32-bit floats.</summary>
    public NamedTensors Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>; empty if there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }
}
