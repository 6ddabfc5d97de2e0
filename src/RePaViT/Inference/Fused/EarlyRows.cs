using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>Takes rows as early as the meaning of a graph allows, so that less is computed that nothing reads.</summary>
internal static class EarlyRows
{
    /// <summary>
    /// Where one row of each image is taken of what operators made row by row, it is taken of what they read instead: the
    /// operators then run on that row alone.
    /// </summary>
    public static Graph Apply(Graph graph)
    {
        IReadOnlyList<Node> nodes = graph.Nodes;
        int taking = 0;
        while (taking < nodes.Count && nodes[taking].Operator is not TakeRow)
        {
            taking++;
        }

        if (taking == nodes.Count)
        {
            return graph;
        }

        bool[] isPruned = FindRowWise(nodes, taking);
        bool[] isRowRead = FindRowReaders(nodes, isPruned);
        var operation = (TakeRow)nodes[taking].Operator;
        var rewritten = new Graph(graph.Input.Shape);
        Value[] whole = new Value[nodes.Count + 1];
        Value[] row = new Value[nodes.Count + 1];
        bool[] hasRow = new bool[nodes.Count + 1];
        whole[0] = rewritten.Input;
        for (int i = 0; i < nodes.Count; i++)
        {
            Node node = nodes[i];
            int result = node.Result.Index;
            if (i == taking)
            {
                whole[result] = Row(node.Input.Index);
            }
            else if (isPruned[i])
            {
                row[result] = rewritten.Add(node.Operator, Inputs(node, ofRow: true));
                hasRow[result] = true;
            }
            else
            {
                whole[result] = rewritten.Add(node.Operator, Inputs(node, ofRow: false));
                if (isRowRead[result])
                {
                    Row(result);
                }
            }
        }

        return rewritten;

        Value Row(int value)
        {
            if (!hasRow[value])
            {
                row[value] = rewritten.Add(operation, whole[value]);
                hasRow[value] = true;
            }

            return row[value];
        }

        Value[] Inputs(Node node, bool ofRow)
        {
            Value[] inputs = new Value[node.Inputs.Count];
            for (int i = 0; i < inputs.Length; i++)
            {
                inputs[i] = ofRow ? Row(node.Inputs[i].Index) : whole[node.Inputs[i].Index];
            }

            return inputs;
        }
    }

    /// <summary>The nodes of which nothing but that row is read, and which compute it from the same row of their inputs.</summary>
    private static bool[] FindRowWise(IReadOnlyList<Node> nodes, int taking)
    {
        bool[] isPruned = new bool[nodes.Count];
        bool[] isRead = new bool[nodes.Count + 1];
        bool[] isReadWhole = new bool[nodes.Count + 1];
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            int result = nodes[i].Result.Index;
            isPruned[i] = i < taking && nodes[i].Operator.IsRowWise && isRead[result] && !isReadWhole[result];
            foreach (Value input in nodes[i].Inputs)
            {
                isRead[input.Index] = true;
                isReadWhole[input.Index] |= i != taking && !isPruned[i];
            }
        }

        return isPruned;
    }

    /// <summary>The values of which nodes read that row that are computed from it alone.</summary>
    private static bool[] FindRowReaders(IReadOnlyList<Node> nodes, bool[] isPruned)
    {
        bool[] isRowRead = new bool[nodes.Count + 1];
        for (int i = 0; i < nodes.Count; i++)
        {
            foreach (Value input in nodes[i].Inputs)
            {
                isRowRead[input.Index] |= isPruned[i];
            }
        }

        return isRowRead;
    }
}
