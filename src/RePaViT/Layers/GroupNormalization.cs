using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Normalizes each image over all its places and channels.</summary>
internal sealed record GroupNormalization(string Name, int Tokens, int Dim, float Epsilon) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(GroupNormalize.Named(Name, Dim, Epsilon), x);
}
