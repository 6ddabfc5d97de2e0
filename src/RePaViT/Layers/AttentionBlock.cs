using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// a = x + DropPath(Proj(MHSA(LN(x)))). Folded, the affine part of the normalization and the scale 1/sqrt(head dim) are
/// already part of the qkv weights.
/// </summary>
internal sealed record AttentionBlock(
    string Name, int Tokens, int Dim, int Heads, float Epsilon, DropPathPosition DropPath, bool Folded = false) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public int HeadDim => Dim / Heads;

    public LayerNormalize Norm => Folded ? LayerNormalize.Plain(Epsilon) : LayerNormalize.Named($"{Name}.norm", Dim, Epsilon);

    public Linear Qkv => Linear.Named($"{Name}.qkv", Dim, 3 * Dim);

    public Linear Proj => Linear.Named($"{Name}.proj", Dim, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value qkv = graph.Add(Qkv, graph.Add(Norm, x));
        Value attended = graph.Add(new Attend(Heads, Folded ? 1 : 1 / MathF.Sqrt(HeadDim)), qkv);
        return graph.Add(new Add(DropPath), x, graph.Add(Proj, attended));
    }
}
