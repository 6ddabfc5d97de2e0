namespace RePaViT.Operators;

/// <summary>The input of a graph, or what one of its nodes computes.</summary>
/// <param name="Index">0 for the input; the result of node i has i + 1.</param>
/// <param name="Shape">Its shape for one image.</param>
internal readonly record struct Value(int Index, Shape Shape);

/// <summary>An operator with what it reads.</summary>
internal sealed record Node(Operator Operator, IReadOnlyList<Value> Inputs, Value Result)
{
    /// <summary>What it reads, or reads first.</summary>
    public Value Input => Inputs[0];
}

/// <summary>Operators in the order in which they run, each reading what was computed before it.</summary>
internal sealed class Graph
{
    private readonly List<Node> _nodes = [];

    /// <param name="input">Shape of the input, for one image.</param>
    public Graph(Shape input) => Input = new Value(0, input);

    public Value Input { get; }

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>What the last node computes.</summary>
    public Value Output => _nodes.Count == 0 ? Input : _nodes[^1].Result;

    /// <summary>The tensors of all operators, in the order in which they are stored.</summary>
    public IEnumerable<TensorSpec> Tensors => _nodes.SelectMany(node => node.Operator.Tensors);

    /// <summary>Appends an operator.</summary>
    /// <returns>What it computes.</returns>
    /// <exception cref="ArgumentException">It does not take values of these shapes.</exception>
    public Value Add(Operator operation, params ReadOnlySpan<Value> inputs)
    {
        Shape[] shapes = new Shape[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            shapes[i] = inputs[i].Shape;
        }

        var result = new Value(_nodes.Count + 1, operation.ShapeOf(shapes));
        _nodes.Add(new Node(operation, inputs.ToArray(), result));
        return result;
    }

    /// <summary>
    /// Whether only some consecutive nodes read what all but the last of them compute: only then can they be done as one.
    /// </summary>
    public bool AreReadWithin(int first, int count)
    {
        if (first + count > _nodes.Count)
        {
            return false;
        }

        for (int reader = first + count; reader < _nodes.Count; reader++)
        {
            foreach (Value input in _nodes[reader].Inputs)
            {
                if (input.Index > first && input.Index < first + count)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Whether a value comes out, or rows of it do, turned, chosen from, brought to one length, added to or averaged with others at most: what the loss
    /// or a decision is made from.
    /// </summary>
    public bool ComesOut(Value value)
    {
        if (value == Output)
        {
            return true;
        }

        for (int reader = value.Index; reader < _nodes.Count; reader++)
        {
            Node node = _nodes[reader];
            if (node.Operator is TakeRow or MaximizeRows or StackRows or AverageRows or NormalizeRows or Transpose or Add { DropPath: null }
                && node.Inputs.Contains(value) && ComesOut(node.Result))
            {
                return true;
            }
        }

        return false;
    }
}
