using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// A feed-forward layer in training form that structural reparameterization turns into a
/// <see cref="ReparameterizedFeedForward"/>: y = a + DropPath(scale branch(a)). There is no scale, unless a property says
/// otherwise.
/// </summary>
/// <param name="Name">Prefix of its tensors.</param>
/// <param name="Tokens">Tokens of an image.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="Active">Hidden channels that pass through the activation, k.</param>
/// <param name="Epsilon">Of its normalizations.</param>
/// <param name="DropPath">Where in the network its branch is.</param>
internal abstract record TrainedFeedForward(
    string Name, int Tokens, int Dim, int Active, float Epsilon, DropPathPosition DropPath) : Layer
{
    /// <summary>What is normalized.</summary>
    public FeedForwardNorm Norm { get; init; }

    /// <summary>
    /// Whether layer normalization is group normalization of all tokens together, and matrices are stored as filters of one
    /// place.
    /// </summary>
    public bool IsOfMap { get; init; }

    /// <summary>What active hidden channels pass through.</summary>
    public ActivationKind Activation { get; init; }

    /// <summary>What the scale of each channel starts at; null for none.</summary>
    public float? ScaleStart { get; init; }

    /// <summary>What the branch is multiplied by in addition.</summary>
    public float BranchScale { get; init; } = 1;

    public override Shape Input => new(Tokens, Dim);

    /// <summary>N1, of what enters; null for none.</summary>
    public Operator? InputNorm => FeedForwardNormalization.OfInput(Norm, Name, Dim, Epsilon, IsOfMap);

    /// <summary>BN2, of what enters <see cref="Output"/>; null for none.</summary>
    public BatchNormalize? HiddenNorm => FeedForwardNormalization.OfHidden(Norm, Name, Inner.Outputs, Epsilon);

    /// <summary>What makes hidden channels, the active ones first.</summary>
    public abstract Linear Inner { get; }

    /// <summary>What reads them.</summary>
    public abstract Linear Output { get; }

    /// <summary>The scale of each channel; null for none.</summary>
    public TensorSpec? Scale => LayerScale.Of(Name, Dim, ScaleStart);

    /// <summary>The layer after reparameterization.</summary>
    public ReparameterizedFeedForward Deployed => new(Name, Tokens, Dim, Active)
    {
        IsOfMap = IsOfMap,
        Activation = Activation,
        NormEpsilon = Norm == FeedForwardNorm.LayerNorm ? Epsilon : null,
    };

    public override Value Define(Graph graph, Value x)
    {
        Value branch = DefineBranch(graph, FeedForwardNormalization.Apply(InputNorm, graph, x));
        return graph.Add(new Add(DropPath, BranchScale), x, LayerScale.Apply(Scale, graph, branch));
    }

    /// <summary>Appends the operators of the branch, before its scale.</summary>
    /// <param name="graph">The graph of the network.</param>
    /// <param name="normalized">N1(a).</param>
    protected abstract Value DefineBranch(Graph graph, Value normalized);
}
