using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// y = a + DropPath(scale (BN2(GELU(N1(a) Win' + bin)) Wout' + N1(a) M' + b)): the structure of a merged feed-forward layer,
/// trained as it is (RePaViT, arXiv 2505.21847, table 5). N1 is batch normalization, unless a property says otherwise; only
/// then there is BN2. The shortcut becomes part of M at deployment, so that drop path can leave out the rest.
/// </summary>
internal sealed record CompactFeedForward(
    string Name, int Tokens, int Dim, int Active, float Epsilon, DropPathPosition DropPath)
    : TrainedFeedForward(Name, Tokens, Dim, Active, Epsilon, DropPath)
{
    public Linear Merged => Deployed.Merged;

    public override Linear Inner => Deployed.Inner;

    public override Linear Output => Deployed.Output;

    protected override Value DefineBranch(Graph graph, Value normalized)
    {
        Value merged = graph.Add(Merged, normalized);
        if (Active == 0)
        {
            return merged;
        }

        Value activated = graph.Add(new Activate(Activation, Active), graph.Add(Inner, normalized));
        Value hidden = FeedForwardNormalization.Apply(HiddenNorm, graph, activated);
        return graph.Add(new Add(DropPath: null), merged, graph.Add(Output, hidden));
    }
}
