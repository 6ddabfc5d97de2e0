namespace RePaViT.Import.Files;

/// <summary>Tensors of a file that belong together.</summary>
/// <param name="Name">Where they were found, such as <c>model_ema</c>; empty for those of the file itself.</param>
/// <param name="Tensors">The tensors, each under a name of its own.</param>
internal sealed record CheckpointSection(string Name, IReadOnlyList<StoredTensor> Tensors)
{
    /// <summary>What is not a tensor that can be read, by name: the type that the file gives it.</summary>
    public IReadOnlyDictionary<string, string> Unreadable { get; init; } = new Dictionary<string, string>();
}
