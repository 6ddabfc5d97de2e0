namespace RePaViT.Operators;

/// <summary>The operators of a convolution: what filters see at each place, times the filters.</summary>
/// <param name="Table">What they see.</param>
/// <param name="Filters">The filters.</param>
internal sealed record Convolution(ConvolutionTable Table, Linear Filters)
{
    /// <summary>Number of its operators.</summary>
    public const int Nodes = 2;

    /// <summary>The convolution whose operators begin at a node; null if none does, or if what is between them is read elsewhere.</summary>
    public static Convolution? Find(Graph graph, int first)
        => graph.AreReadWithin(first, Nodes)
            && graph.Nodes[first].Operator is Gather { Table: ConvolutionTable table }
            && graph.Nodes[first + 1].Operator is Linear { Weight.Shape: [_, int channels, int height, int width] } filters
            && graph.Nodes[first + 1].Input == graph.Nodes[first].Result
            && (channels, height, width) == (table.Channels, table.Kernel, table.Kernel)
                ? new Convolution(table, filters)
                : null;
}
