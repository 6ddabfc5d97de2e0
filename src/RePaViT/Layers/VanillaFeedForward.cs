using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = a + DropPath(scale (GELU(N(a) W1' + b1) W2' + b2)): the feed-forward layer of a vanilla transformer. N is layer
/// normalization, and there is no scale, unless a property says otherwise.
/// </summary>
internal sealed record VanillaFeedForward(
    string Name, int Tokens, int Dim, int Hidden, float Epsilon, DropPathPosition DropPath) : Layer
{
    /// <summary>Whether N is group normalization of all tokens together, and matrices are stored as filters of one place.</summary>
    public bool IsOfMap { get; init; }

    /// <summary>What hidden channels pass through.</summary>
    public ActivationKind Activation { get; init; }

    /// <summary>What the scale of each channel starts at; null for none.</summary>
    public float? ScaleStart { get; init; }

    /// <summary>What the branch is multiplied by in addition.</summary>
    public float BranchScale { get; init; } = 1;

    /// <summary>Whether all that the branch is multiplied by is already part of W2 and b2.</summary>
    public bool Folded { get; init; }

    public override Shape Input => new(Tokens, Dim);

    public Operator? Norm => FeedForwardNormalization.OfInput(FeedForwardNorm.LayerNorm, Name, Dim, Epsilon, IsOfMap);

    public Linear Inner => Linear.Named($"{Name}.fc1", Dim, Hidden, pointwise: IsOfMap);

    public Linear Output => Linear.Named($"{Name}.fc2", Hidden, Dim, pointwise: IsOfMap);

    /// <summary>The scale of each channel; null for none.</summary>
    public TensorSpec? Scale => LayerScale.Of(Name, Dim, ScaleStart);

    public override Value Define(Graph graph, Value x)
    {
        Value hidden = graph.Add(Inner, FeedForwardNormalization.Apply(Norm, graph, x));
        Value activated = graph.Add(new Activate(Activation, Hidden), hidden);
        Value branch = graph.Add(Output, activated);
        return graph.Add(new Add(DropPath, Folded ? 1 : BranchScale), x, Folded ? branch : LayerScale.Apply(Scale, graph, branch));
    }
}
