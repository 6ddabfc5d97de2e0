namespace RePaViT.Onnx;

/// <summary>What a file may hold beside the network and its description. Readers of this library pass over all of it.</summary>
internal sealed record OnnxFileOptions
{
    /// <summary>Texts for the model's metadata; keys begin with <c>repavit.</c></summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>Names of outputs that the graph has besides logits and probabilities.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>How the graph takes and gives single images; null for batches.</summary>
    public OnnxRow? Row { get; init; }
}

/// <summary>
/// Input and output for runtimes that pass rows of vectors, as ML.NET does: <paramref name="Input"/> [1, values] with the
/// values of a prepared image, in a dimension without a size because ML.NET's vectors are without one, and
/// <paramref name="Output"/> [classes] with the probabilities.
/// </summary>
/// <param name="Input">Name of the input.</param>
/// <param name="Output">Name of the output.</param>
/// <param name="SlotNames">Names of the classes, stored where ML.NET looks for them; without classes, none.</param>
internal sealed record OnnxRow(string Input, string Output, params IReadOnlyList<string> SlotNames)
{
    /// <summary>
    /// Output of the network to give in place of probabilities, as one vector [rows * columns]. The file has the weights of
    /// the whole network, but nothing after the output is computed. Null for probabilities.
    /// </summary>
    public string? Source { get; init; }
}
