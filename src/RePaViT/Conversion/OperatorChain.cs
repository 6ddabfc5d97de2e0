using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Conversion;

/// <summary>A part of a layer by itself: operators, each of which reads what the one before it computes.</summary>
internal sealed record OperatorChain(Shape Source, params Operator[] Operators) : Layer
{
    public override Shape Input => Source;

    public override Value Define(Graph graph, Value x)
        => Operators.Aggregate(x, (value, operation) => graph.Add(operation, value));
}
