using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>
/// Networks whose first maps are large and whose tokens are few, in two parts: images pass the first one by one, since a map is
/// as much as the cores keep near them, and the second together, since that uses each weight often.
/// </summary>
internal static class GraphCut
{
    // Fewer images together, or less to compute for them, are not worth the way over memory.
    private const int MinImages = 8;
    private const double MinShare = 0.25;

    /// <summary>Images that go through some rows each together.</summary>
    public static int ImagesPerPass(int rowsPerPass, int rows) => Math.Max(1, rowsPerPass / rows);

    /// <summary>The greatest number of rows of what nodes compute.</summary>
    public static int RowsOf(Graph graph) => RowsOf(graph.Nodes, 0, graph.Nodes.Count);

    /// <summary>How many nodes the first part has; 0 where the graph is better left whole.</summary>
    public static int Find(Graph graph, int rowsPerPass)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        int rows = 0;
        for (int cut = 1; cut < nodes.Count; cut++)
        {
            rows = Math.Max(rows, nodes[cut - 1].Result.Shape.Rows);
            if (ImagesPerPass(rowsPerPass, rows) == 1
                && ImagesPerPass(rowsPerPass, RowsOf(nodes, cut, nodes.Count)) >= MinImages
                && nodes[cut - 1].Result.Shape.Rows <= rowsPerPass / MinImages
                && nodes[cut - 1].Operator is not Gather
                && IsAllThatIsRead(nodes, cut)
                && MultiplyAdds(nodes, cut) >= MinShare * MultiplyAdds(nodes, 0))
            {
                return cut;
            }
        }

        return 0;
    }

    /// <summary>The nodes from a first one on, up to another, reading what the node before them computes.</summary>
    public static Graph Take(Graph graph, int first, int end)
    {
        var part = new Graph(first == 0 ? graph.Input.Shape : graph.Nodes[first - 1].Result.Shape);
        for (int i = first; i < end; i++)
        {
            Node node = graph.Nodes[i];
            Value[] inputs = new Value[node.Inputs.Count];
            for (int input = 0; input < inputs.Length; input++)
            {
                inputs[input] = new Value(node.Inputs[input].Index - first, node.Inputs[input].Shape);
            }

            part.Add(node.Operator, inputs);
        }

        return part;
    }

    /// <summary>Whether nodes from one on read nothing that is older than what the node before them computes.</summary>
    private static bool IsAllThatIsRead(IReadOnlyList<Node> nodes, int first)
    {
        for (int i = first; i < nodes.Count; i++)
        {
            foreach (Value input in nodes[i].Inputs)
            {
                if (input.Index < first)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static int RowsOf(IReadOnlyList<Node> nodes, int first, int end)
    {
        int rows = 1;
        for (int i = first; i < end; i++)
        {
            rows = Math.Max(rows, nodes[i].Result.Shape.Rows);
        }

        return rows;
    }

    private static long MultiplyAdds(IReadOnlyList<Node> nodes, int first)
    {
        long sum = 0;
        for (int i = first; i < nodes.Count; i++)
        {
            Shape input = nodes[i].Input.Shape;
            sum += nodes[i].Operator.WeightMultiplyAdds(input) + nodes[i].Operator.AttentionMultiplyAdds(input);
        }

        return sum;
    }
}
