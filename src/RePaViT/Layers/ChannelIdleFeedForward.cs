using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// u = BN1(a) W1' + b1; v = [GELU(u[:, :k]), u[:, k:]]; y = a + DropPath(scale (BN2(v) W2' + b2)): the channel-idle
/// feed-forward layer in training form, k = <paramref name="Active"/>. There is no scale, unless a property says otherwise.
/// </summary>
internal sealed record ChannelIdleFeedForward(
    string Name, int Tokens, int Dim, int Hidden, int Active, float Epsilon, DropPathPosition DropPath) : Layer
{
    /// <summary>Whether matrices are stored as filters of one place.</summary>
    public bool IsOfMap { get; init; }

    /// <summary>What the scale of each channel starts at; null for none.</summary>
    public float? ScaleStart { get; init; }

    /// <summary>What the branch is multiplied with besides.</summary>
    public float BranchScale { get; init; } = 1;

    public override Shape Input => new(Tokens, Dim);

    public BatchNormalize InputNorm => BatchNormalize.Named($"{Name}.norm1", Dim, Epsilon);

    public Linear Inner => Linear.Named($"{Name}.fc1", Dim, Hidden, pointwise: IsOfMap);

    public BatchNormalize HiddenNorm => BatchNormalize.Named($"{Name}.norm2", Hidden, Epsilon);

    public Linear Output => Linear.Named($"{Name}.fc2", Hidden, Dim, pointwise: IsOfMap);

    /// <summary>The scale of each channel; null for none.</summary>
    public TensorSpec? Scale => LayerScale.Of(Name, Dim, ScaleStart);

    public override Value Define(Graph graph, Value x)
    {
        Value hidden = graph.Add(Inner, graph.Add(InputNorm, x));
        Value activated = graph.Add(new Activate(ActivationKind.Gelu, Active), hidden);
        Value branch = graph.Add(Output, graph.Add(HiddenNorm, activated));
        return graph.Add(new Add(DropPath, BranchScale), x, LayerScale.Apply(Scale, graph, branch));
    }
}
