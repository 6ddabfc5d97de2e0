using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = x + DropPath((GELU(LN(x') W1' + b1) W2' + b2)'): the feed-forward layer between the tokens of an MLP-Mixer, in which
/// tokens take the place of channels.
/// </summary>
internal sealed record TokenMixing(
    string Name, int Tokens, int Dim, int Hidden, float Epsilon, DropPathPosition DropPath) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value channels = graph.Add(new Transpose(), x);
        Value normalized = graph.Add(LayerNormalize.Named($"{Name}.norm", Tokens, Epsilon), channels);
        Value hidden = graph.Add(Linear.Named($"{Name}.fc1", Tokens, Hidden), normalized);
        Value activated = graph.Add(new Activate(ActivationKind.Gelu, Hidden), hidden);
        Value mixed = graph.Add(Linear.Named($"{Name}.fc2", Hidden, Tokens), activated);
        return graph.Add(new Add(DropPath), x, graph.Add(new Transpose(), mixed));
    }
}
