using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Features to logits: y = x W' + b.</summary>
internal sealed record Head(string Name, int Dim, int Classes, int Tokens = 1) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override bool IsHead => true;

    public Linear Projection => Linear.Named(Name, Dim, Classes);

    public override Value Define(Graph graph, Value x) => graph.Add(Projection, x);
}
