using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>A function of each element of [tokens, dim].</summary>
internal sealed record Activation(ActivationKind Kind, int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(new Activate(Kind, Dim), x);
}
