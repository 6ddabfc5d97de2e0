namespace RePaViT.Operators;

/// <summary>
/// The operators of a feed-forward branch with idle channels that nothing normalizes: [f(u[:, :k]), u[:, k:]] W2' + b2,
/// u = x W1' + b1. The idle ones are a product of two matrices and nothing else.
/// </summary>
/// <param name="Inner">W1 and b1.</param>
/// <param name="Activation">f, of the first k channels.</param>
/// <param name="Output">W2 and b2.</param>
internal sealed record IdleProduct(Linear Inner, Activate Activation, Linear Output)
{
    /// <summary>Number of its operators.</summary>
    public const int Nodes = 3;

    /// <summary>k.</summary>
    public int Active => Activation.Columns;

    public int Idle => Inner.Outputs - Active;

    /// <summary>
    /// The branch whose operators begin at a node; null if none does, if no channel is idle, or if what is between them is read
    /// elsewhere.
    /// </summary>
    public static IdleProduct? Find(Graph graph, int first)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        return first + Nodes <= nodes.Count
            && nodes[first].Operator is Linear { Bias: not null } inner
            && nodes[first + 1].Operator is Activate activation && nodes[first + 1].Input == nodes[first].Result
            && nodes[first + 2].Operator is Linear { Bias: not null } output && nodes[first + 2].Input == nodes[first + 1].Result
            && activation.Columns < inner.Outputs
            && graph.AreReadWithin(first, Nodes)
                ? new IdleProduct(inner, activation, output)
                : null;
    }

    /// <summary>
    /// Whether a training step takes fewer multiply-adds with one matrix in place of the idle channels: in both passes, its
    /// product with n rows, and those that make it and lead back from it, against six products of n rows with idle channels.
    /// </summary>
    /// <param name="rows">Rows of the batch, n.</param>
    public bool IsMergingCheaper(double rows)
    {
        double merged = (rows + Idle) * Inner.Inputs * Output.Outputs;
        return merged < rows * Idle * (Inner.Inputs + Output.Outputs);
    }
}
