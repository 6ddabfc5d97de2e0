using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = GELU(a Win' + bin) Wout' + a M' + b: the feed-forward layer after structural reparameterization. M holds the
/// idle channels and the shortcut; without active channels only M is left. After a normalization that stays,
/// y = a + GELU(n Win' + bin) Wout' + n M' + b with n = N(a), and M holds the idle channels alone.
/// </summary>
internal sealed record ReparameterizedFeedForward(string Name, int Tokens, int Dim, int Active) : Layer
{
    /// <summary>Whether matrices are stored as filters of one place, and N is group normalization of all tokens together.</summary>
    public bool IsOfMap { get; init; }

    /// <summary>What active hidden channels pass through.</summary>
    public ActivationKind Activation { get; init; }

    /// <summary>Epsilon of N, layer normalization; null for none.</summary>
    public float? NormEpsilon { get; init; }

    public override Shape Input => new(Tokens, Dim);

    /// <summary>N; null for none.</summary>
    public Operator? InputNorm => NormEpsilon is float epsilon
        ? FeedForwardNormalization.OfInput(FeedForwardNorm.LayerNorm, Name, Dim, epsilon, IsOfMap)
        : null;

    public Linear Merged => Linear.Named($"{Name}.fc1", Dim, Dim, pointwise: IsOfMap);

    public Linear Inner => Linear.Named($"{Name}.fc2", Dim, Active, pointwise: IsOfMap);

    public Linear Output => Linear.Named($"{Name}.fc3", Active, Dim, bias: false, pointwise: IsOfMap);

    public override Value Define(Graph graph, Value x)
        => InputNorm is Operator norm ? DefineBeside(graph, x, graph.Add(norm, x)) : DefineAlone(graph, x);

    private Value DefineAlone(Graph graph, Value x)
    {
        Value merged = graph.Add(Merged, x);
        return Active == 0 ? merged : graph.Add(new Add(DropPath: null), merged, graph.Add(Output, Activated(graph, x)));
    }

    /// <summary>First what is activated, then what is added to the shortcut: engines add products to what stands there.</summary>
    private Value DefineBeside(Graph graph, Value x, Value normalized)
    {
        Value? activated = Active == 0 ? null : Activated(graph, normalized);
        Value sum = graph.Add(new Add(DropPath: null), x, graph.Add(Merged, normalized));
        return activated is Value hidden ? graph.Add(new Add(DropPath: null), sum, graph.Add(Output, hidden)) : sum;
    }

    private Value Activated(Graph graph, Value x) => graph.Add(new Activate(Activation, Active), graph.Add(Inner, x));
}
