using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// u = N1(a) W1' + b1; v = [GELU(u[:, :k]), u[:, k:]]; y = a + DropPath(scale (BN2(v) W2' + b2)): the channel-idle
/// feed-forward layer in training form, k = <paramref name="Active"/>. N1 is batch normalization, unless a property says
/// otherwise; only then there is BN2.
/// </summary>
internal sealed record ChannelIdleFeedForward(
    string Name, int Tokens, int Dim, int Hidden, int Active, float Epsilon, DropPathPosition DropPath)
    : TrainedFeedForward(Name, Tokens, Dim, Active, Epsilon, DropPath)
{
    public override Linear Inner => Linear.Named($"{Name}.fc1", Dim, Hidden, pointwise: IsOfMap);

    public override Linear Output => Linear.Named($"{Name}.fc2", Hidden, Dim, pointwise: IsOfMap);

    protected override Value DefineBranch(Graph graph, Value normalized)
    {
        Value activated = graph.Add(new Activate(Activation, Active), graph.Add(Inner, normalized));
        return graph.Add(Output, FeedForwardNormalization.Apply(HiddenNorm, graph, activated));
    }
}
