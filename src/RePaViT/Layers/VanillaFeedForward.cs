using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>y = a + DropPath(GELU(LN(a) W1' + b1) W2' + b2): the feed-forward layer of a vanilla transformer.</summary>
internal sealed record VanillaFeedForward(
    string Name, int Tokens, int Dim, int Hidden, float Epsilon, DropPathPosition DropPath) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public LayerNormalize Norm => LayerNormalize.Named($"{Name}.norm", Dim, Epsilon);

    public Linear Inner => Linear.Named($"{Name}.fc1", Dim, Hidden);

    public Linear Output => Linear.Named($"{Name}.fc2", Hidden, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value hidden = graph.Add(Inner, graph.Add(Norm, x));
        Value activated = graph.Add(new Activate(ActivationKind.Gelu, Hidden), hidden);
        return graph.Add(new Add(DropPath), x, graph.Add(Output, activated));
    }
}
