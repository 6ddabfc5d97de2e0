using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Normalizes each token over its channels.</summary>
internal sealed record LayerNormalization(string Name, int Tokens, int Dim, float Epsilon) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(LayerNormalize.Named(Name, Dim, Epsilon), x);
}
