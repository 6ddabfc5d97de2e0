namespace RePaViT.Operators;

/// <summary>The operators of a channel-idle feed-forward branch in training form: BN2([f(u[:, :k]), u[:, k:]]) W2' + b2, u = BN1(x) W1' + b1.</summary>
/// <param name="InputNorm">BN1.</param>
/// <param name="Inner">W1 and b1.</param>
/// <param name="Activation">f, of the first k channels.</param>
/// <param name="HiddenNorm">BN2.</param>
/// <param name="Output">W2 and b2.</param>
internal sealed record ChannelIdleBranch(BatchNormalize InputNorm, Linear Inner, Activate Activation, BatchNormalize HiddenNorm, Linear Output)
{
    /// <summary>Number of its operators.</summary>
    public const int Nodes = 5;

    public int Dim => Inner.Inputs;

    public int Hidden => Inner.Outputs;

    /// <summary>k.</summary>
    public int Active => Activation.Columns;

    /// <summary>The branch whose operators begin at a node; null if none does, or if what is between them is read elsewhere.</summary>
    public static ChannelIdleBranch? Find(Graph graph, int first)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        return first + Nodes <= nodes.Count
            && nodes[first].Operator is BatchNormalize inputNorm
            && nodes[first + 1].Operator is Linear { Bias: not null } inner && Follows(1)
            && nodes[first + 2].Operator is Activate activation && Follows(2)
            && nodes[first + 3].Operator is BatchNormalize hiddenNorm && Follows(3)
            && nodes[first + 4].Operator is Linear { Bias: not null } output && Follows(4) && output.Outputs == inner.Inputs
            && graph.AreReadWithin(first, Nodes)
                ? new ChannelIdleBranch(inputNorm, inner, activation, hiddenNorm, output)
                : null;

        bool Follows(int node) => nodes[first + node].Input == nodes[first + node - 1].Result;
    }

    /// <summary>
    /// Whether a training step takes fewer multiply-adds where idle channels are never made: 5 n C^2 and 5 of the size
    /// hidden C^2 (both passes), against 6 products of the size n hidden C.
    /// </summary>
    /// <param name="rows">Rows of the batch, n.</param>
    public bool IsMergingCheaper(double rows)
    {
        double idle = Hidden - Active;
        return 5 * rows * Dim + 5 * idle * Dim < 6 * rows * idle;
    }
}
