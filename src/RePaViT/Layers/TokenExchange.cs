using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>MixToken after the projection of patches: a layer that only networks in training have.</summary>
/// <param name="Side">Patches along each side of an image.</param>
/// <param name="Dim">Channels of a token.</param>
internal sealed record TokenExchange(int Side, int Dim) : Layer
{
    public override Shape Input => new(Side * Side, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(new ExchangeTokens(Side), x);
}
