using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Logits, and below them what a learned linear map makes of the same features, as one column: [classes + columns of the
/// teacher, 1]. It stands in the place of a network's last layers while that is distilled.
/// </summary>
/// <param name="Head">The layers that make logits, [1, classes], of the features.</param>
/// <param name="Pooling">What takes the features out of what the first of these reads; null where they are that.</param>
/// <param name="Map">The map.</param>
internal sealed record DistillationHead(IReadOnlyList<Layer> Head, Layer? Pooling, Head Map) : Layer
{
    public override Shape Input => Head[0].Input;

    public override bool IsHead => true;

    public override Value Define(Graph graph, Value x)
    {
        Value logits = Head.Aggregate(x, (value, layer) => layer.Define(graph, value));
        Value mapped = Map.Define(graph, Pooling?.Define(graph, x) ?? x);
        return graph.Add(new StackRows(), graph.Add(new Transpose(), logits), graph.Add(new Transpose(), mapped));
    }
}
