namespace RePaViT;

/// <summary>What was found in a file of pretrained weights, and how it was used.</summary>
public sealed class PretrainedReport
{
    internal PretrainedReport()
    {
    }

    /// <summary>
    /// The source of the file, judged by its tensor names, for instance "timm ViT"; "RePaViT.MLNet" for files written by this library.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>The name of the set of weights in the file; empty for the top level of the file.</summary>
    public required string Section { get; init; }

    /// <summary>Names of further sets of weights in the file, which were not used.</summary>
    public required IReadOnlyList<string> OtherSections { get; init; }

    /// <summary>Tensors of the set that the network does not need, under the file's names.</summary>
    public required IReadOnlyList<string> UnusedTensors { get; init; }

    /// <summary>
    /// Tensors that were resampled, because they are for an image size or window other than the requested one, under this
    /// library's names: <c>pos_embed</c>, or tables of relative positions.
    /// </summary>
    public required IReadOnlyList<string> ResampledTensors { get; init; }

    /// <summary>Whether the head is initialized at random: the file has none, or one for another number of classes.</summary>
    public required bool HasNewHead { get; init; }

    /// <summary>Configuration files beside the weights that were read.</summary>
    public required IReadOnlyList<string> ConfigurationFiles { get; init; }

    /// <summary>What was given neither by a file nor by the options, and was assumed to be as usual, in sentences for people.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    /// <summary>The same of a file that another network was read from besides.</summary>
    internal PretrainedReport With(IReadOnlyList<string> unusedTensors, IReadOnlyList<string> assumptions) => new()
    {
        Source = Source,
        Section = Section,
        OtherSections = OtherSections,
        UnusedTensors = unusedTensors,
        ResampledTensors = ResampledTensors,
        HasNewHead = HasNewHead,
        ConfigurationFiles = ConfigurationFiles,
        Assumptions = assumptions,
    };
}
