using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = x + DropPath(scale (Pool(n) - n)) with n = GN(x), over a map [size * size, dim] (PoolFormer, Yu et al., arXiv
/// 2111.11418, equation 4). Folded, the scale is already part of the normalization.
/// </summary>
/// <param name="Name">Prefix of its tensors.</param>
/// <param name="Size">Width and height of the map.</param>
/// <param name="Dim">Channels of the map.</param>
/// <param name="Window">Width and height of what is pooled; odd.</param>
/// <param name="Epsilon">Of the normalization.</param>
/// <param name="ScaleStart">What the scale starts at.</param>
/// <param name="DropPath">Where in the network it is.</param>
/// <param name="Folded">Whether the scale is folded.</param>
internal sealed record PoolingBlock(
    string Name, int Size, int Dim, int Window, float Epsilon, float ScaleStart, DropPathPosition DropPath, bool Folded = false) : Layer
{
    public override Shape Input => new(Size * Size, Dim);

    public GroupNormalize Norm => GroupNormalize.Named($"{Name}.norm1", Dim, Epsilon);

    public TensorSpec Scale => new($"{Name}.layer_scale_1", TensorRole.Scale, Dim) { Start = ScaleStart };

    public override Value Define(Graph graph, Value x)
    {
        Value normalized = graph.Add(Norm, x);
        Value pooled = graph.Add(new AveragePool(Size, Window), normalized);
        Value mixed = graph.Add(new Add(DropPath: null, Scale: -1), pooled, normalized);
        return graph.Add(new Add(DropPath), x, Folded ? mixed : graph.Add(new ScaleColumns(Scale), mixed));
    }
}
