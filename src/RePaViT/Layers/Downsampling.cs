using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Filters over a map [size * size, dim], with zeros around it, give a smaller one: [places, outputs].</summary>
internal sealed record Downsampling(string Name, int Size, int Dim, int Outputs, int Kernel, int Stride, int Padding) : Layer
{
    public override Shape Input => Table.Source;

    public ConvolutionTable Table => new(Dim, Size, Kernel, Stride, Padding, IsImage: false);

    public override Value Define(Graph graph, Value x)
        => graph.Add(Linear.OfFilters(Name, Dim, Outputs, Kernel), graph.Add(new Gather(Table), x));
}
