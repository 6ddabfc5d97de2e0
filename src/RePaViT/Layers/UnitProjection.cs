using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Features to a point of a space in which only directions count: y = x W' / |x W'| (CLIP, arXiv 2103.00020, figure 3).</summary>
internal sealed record UnitProjection(string Name, int Dim, int Outputs) : Layer
{
    public override Shape Input => new(1, Dim);

    public override Value Define(Graph graph, Value x)
        => graph.Add(new NormalizeRows(), graph.Add(Linear.Named(Name, Dim, Outputs, bias: false), x));
}
