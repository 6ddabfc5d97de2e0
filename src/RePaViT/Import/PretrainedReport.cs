namespace RePaViT;

/// <summary>What was found in a file of pretrained weights, and what became of it.</summary>
public sealed class PretrainedReport
{
    internal PretrainedReport()
    {
    }

    /// <summary>Where the file is from, judged by its names, for instance "timm ViT"; "RePaViT.MLNet" for what this library wrote.</summary>
    public required string Source { get; init; }

    /// <summary>The name under which the weights stood in the file; empty for those of the file itself.</summary>
    public required string Section { get; init; }

    /// <summary>Names of further sets of weights in the file, which were not taken.</summary>
    public required IReadOnlyList<string> OtherSections { get; init; }

    /// <summary>Tensors of the set that the network does not need, under the file's names.</summary>
    public required IReadOnlyList<string> UnusedTensors { get; init; }

    /// <summary>
    /// Tensors that were resampled, since they are for another image size or window than is asked for, under this library's names:
    /// <c>pos_embed</c>, or tables of relative positions.
    /// </summary>
    public required IReadOnlyList<string> ResampledTensors { get; init; }

    /// <summary>Whether the head starts anew: the file has none, or one for another number of classes.</summary>
    public required bool HasNewHead { get; init; }

    /// <summary>Files beside the weights that were read.</summary>
    public required IReadOnlyList<string> ConfigurationFiles { get; init; }

    /// <summary>What was neither in a file nor asked for, and was taken to be as usual, as sentences for people.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }
}
