using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>Takes rows as early as the meaning of a graph allows, so that less is computed of what nobody reads.</summary>
internal static class EarlyRows
{
    /// <summary>
    /// Where one row of each image is taken of what operators made row by row, it is taken of what they read instead: the
    /// operators then run on that row alone.
    /// </summary>
    public static Graph Apply(Graph graph)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        int taking = nodes.ToList().FindIndex(node => node.Operator is TakeRow);
        if (taking < 0)
        {
            return graph;
        }

        ILookup<int, int> readers = Enumerable.Range(0, nodes.Count)
            .SelectMany(reader => nodes[reader].Inputs.Select(input => (Input: input.Index, Reader: reader)))
            .ToLookup(pair => pair.Input, pair => pair.Reader);
        HashSet<int> pruned = FindRowWise(nodes, taking, readers);
        var operation = (TakeRow)nodes[taking].Operator;
        var rewritten = new Graph(graph.Input.Shape);
        var whole = new Value?[nodes.Count + 1];
        var row = new Value?[nodes.Count + 1];
        whole[0] = rewritten.Input;
        for (int i = 0; i < nodes.Count; i++)
        {
            Node node = nodes[i];
            if (i == taking)
            {
                whole[node.Result.Index] = Row(node.Input);
            }
            else if (pruned.Contains(i))
            {
                row[node.Result.Index] = rewritten.Add(node.Operator, [.. node.Inputs.Select(Row)]);
            }
            else
            {
                whole[node.Result.Index] = rewritten.Add(node.Operator, [.. node.Inputs.Select(value => whole[value.Index]!.Value)]);
                if (readers[node.Result.Index].Any(pruned.Contains))
                {
                    Row(node.Result);
                }
            }
        }

        return rewritten;

        Value Row(Value value) => row[value.Index] ??= rewritten.Add(operation, whole[value.Index]!.Value);
    }

    /// <summary>The nodes of which nothing but that row is read, and which compute it from the same row of their inputs.</summary>
    private static HashSet<int> FindRowWise(IReadOnlyList<Node> nodes, int taking, ILookup<int, int> readers)
    {
        var pruned = new HashSet<int>();
        for (int i = taking - 1; i >= 0; i--)
        {
            int result = nodes[i].Result.Index;
            if (nodes[i].Operator.IsRowWise && readers.Contains(result)
                && readers[result].All(reader => reader == taking || pruned.Contains(reader)))
            {
                pruned.Add(i);
            }
        }

        return pruned;
    }
}
