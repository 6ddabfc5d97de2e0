using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = GELU(a Win' + bin) Wout' + a M' + b: the feed-forward layer after structural reparameterization. M holds the
/// idle channels and the shortcut; without active channels only M is left.
/// </summary>
internal sealed record ReparameterizedFeedForward(string Name, int Tokens, int Dim, int Active) : Layer
{
    /// <summary>Whether matrices are stored as filters of one place.</summary>
    public bool IsOfMap { get; init; }

    public override Shape Input => new(Tokens, Dim);

    public Linear Merged => Linear.Named($"{Name}.fc1", Dim, Dim, pointwise: IsOfMap);

    public Linear Inner => Linear.Named($"{Name}.fc2", Dim, Active, pointwise: IsOfMap);

    public Linear Output => Linear.Named($"{Name}.fc3", Active, Dim, bias: false, pointwise: IsOfMap);

    public override Value Define(Graph graph, Value x)
    {
        Value merged = graph.Add(Merged, x);
        if (Active == 0)
        {
            return merged;
        }

        Value activated = graph.Add(new Activate(ActivationKind.Gelu, Active), graph.Add(Inner, x));
        return graph.Add(new Add(DropPath: null), merged, graph.Add(Output, activated));
    }
}
