using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Half the width and height, twice the channels: LN of every four neighbors together, projected without a bias.
/// </summary>
internal sealed record PatchMerging(string Name, int Size, int Dim, float Epsilon) : Layer
{
    public override Shape Input => Table.Source;

    private MergingTable Table => new(Size, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value neighbors = graph.Add(new Gather(Table), x);
        Value normalized = graph.Add(LayerNormalize.Named($"{Name}.norm", 4 * Dim, Epsilon), neighbors);
        return graph.Add(Linear.Named($"{Name}.reduction", 4 * Dim, 2 * Dim, bias: false), normalized);
    }
}
