namespace RePaViT.Operators;

/// <summary>The operators of a merged feed-forward layer: x M' + b + f(x Win' + bin) Wout'.</summary>
/// <param name="Merged">M and b.</param>
/// <param name="Inner">Win and bin.</param>
/// <param name="Activation">f, of all that Win makes.</param>
/// <param name="Output">Wout.</param>
internal sealed record MergedFeedForward(Linear Merged, Linear Inner, Activate Activation, Linear Output)
{
    /// <summary>Number of its operators.</summary>
    public const int Nodes = 5;

    /// <summary>The layer whose operators begin at a node; null if none does, or if what is between them is read elsewhere.</summary>
    public static MergedFeedForward? Find(Graph graph, int first)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        return first + Nodes <= nodes.Count
            && nodes[first].Operator is Linear { Bias: not null } merged
            && nodes[first + 1].Operator is Linear { Bias: not null } inner && nodes[first + 1].Input == nodes[first].Input
            && nodes[first + 2].Operator is Activate activation && activation.Columns == inner.Outputs
            && nodes[first + 2].Input == nodes[first + 1].Result
            && nodes[first + 3].Operator is Linear { Bias: null } output && nodes[first + 3].Input == nodes[first + 2].Result
            && nodes[first + 4].Operator is Add { DropPath: null, Scale: 1 } && nodes[first + 4].Inputs[0] == nodes[first].Result
            && nodes[first + 4].Inputs[1] == nodes[first + 3].Result
            && graph.AreReadWithin(first, Nodes)
                ? new MergedFeedForward(merged, inner, activation, output)
                : null;
    }
}
