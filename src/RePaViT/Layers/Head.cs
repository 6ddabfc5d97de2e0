using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Features to logits: y = x W' + b.</summary>
internal sealed record Head(string Name, int Dim, int Classes, int Tokens = 1) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override bool IsHead => true;

    /// <summary>Whether there is a b: not where x has length 1, and its angle with each row of W is what counts.</summary>
    public bool HasBias { get; init; } = true;

    public Linear Projection => Linear.Named(Name, Dim, Classes, HasBias);

    public override Value Define(Graph graph, Value x) => graph.Add(Projection, x);
}
