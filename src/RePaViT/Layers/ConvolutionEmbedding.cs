using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Filters over an image [channels, size * size], with zeros around it, give a map: [places, dim]. Folded, the color planes
/// are shifted first, so that a zero around the image stays what it was for the normalized one: the mean color.
/// </summary>
/// <param name="Name">Prefix of its tensors.</param>
/// <param name="ImageSize">Width and height of the image, in pixels.</param>
/// <param name="Channels">Color channels.</param>
/// <param name="Dim">Channels of the map.</param>
/// <param name="Kernel">Width and height of a filter.</param>
/// <param name="Stride">From one place to the next.</param>
/// <param name="Padding">How far filters reach over the edges.</param>
/// <param name="HasBias">Whether a bias is added.</param>
/// <param name="Folded">Whether it takes samples from 0 to 255 in place of normalized ones.</param>
internal sealed record ConvolutionEmbedding(
    string Name, int ImageSize, int Channels, int Dim, int Kernel, int Stride, int Padding, bool HasBias, bool Folded = false) : Layer
{
    public override Shape Input => Table.Source;

    public ConvolutionTable Table => new(Channels, ImageSize, Kernel, Stride, Padding, IsImage: true);

    public Linear Filters => Linear.OfFilters(Name, Channels, Dim, Kernel, HasBias);

    /// <summary>What is added to the color planes where it is folded: -255 mean.</summary>
    public TensorSpec Shift => new($"{Name}.shift", TensorRole.Bias, Channels);

    public override Value Define(Graph graph, Value x)
        => graph.Add(Filters, graph.Add(new Gather(Table), Folded ? graph.Add(new ShiftRows(Shift), x) : x));
}
