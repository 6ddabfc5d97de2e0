using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Filters with zeros around what they see, and batch normalization: [places, outputs]. Folded, the normalization is part of
/// the filters and a bias.
/// </summary>
/// <param name="Name">Prefix of the filters' tensor.</param>
/// <param name="NormName">Prefix of the normalization's tensors.</param>
/// <param name="Table">What the filters see.</param>
/// <param name="Outputs">Channels of the result.</param>
/// <param name="Epsilon">Of the normalization.</param>
/// <param name="Folded">Whether the normalization is folded.</param>
/// <param name="TakesSamples">
/// Whether it takes samples of an image from 0 to 255 in place of normalized ones: as in a <see cref="ConvolutionEmbedding"/>.
/// </param>
internal sealed record NormalizedConvolution(
    string Name, string NormName, ConvolutionTable Table, int Outputs, float Epsilon, bool Folded = false, bool TakesSamples = false)
    : Layer
{
    public override Shape Input => Table.Source;

    public Linear Filters => Linear.OfFilters(Name, Table.Channels, Outputs, Table.Kernel, bias: Folded);

    public BatchNormalize Norm => BatchNormalize.Named(NormName, Outputs, Epsilon);

    /// <summary>What sees an image, without the normalization; null where a map is seen.</summary>
    public ConvolutionEmbedding? Embedding => Table.IsImage
        ? new ConvolutionEmbedding(
            Name, Table.Size, Table.Channels, Outputs, Table.Kernel, Table.Stride, Table.Padding, HasBias: Folded, TakesSamples)
        : null;

    public override Value Define(Graph graph, Value x)
    {
        Value y = Embedding is Layer embedding ? embedding.Define(graph, x) : graph.Add(Filters, graph.Add(new Gather(Table), x));
        return Folded ? y : graph.Add(Norm, y);
    }
}
