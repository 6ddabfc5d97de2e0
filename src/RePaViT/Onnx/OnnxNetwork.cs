using RePaViT.Networks;
using RePaViT.Operators;
using static RePaViT.Onnx.OnnxAttribute;

namespace RePaViT.Onnx;

/// <summary>
/// A folded network as an ONNX graph: one case for each operator, taking the names of what it reads and giving the name of
/// its result. Values are [batch, rows, columns].
/// </summary>
internal sealed class OnnxNetwork
{
    public const string Image = "image";
    public const string Logits = "logits";
    public const string Probabilities = "probabilities";

    private const string Batch = "batch";

    private readonly OnnxGraph _graph = new();

    // Values of one row for each image, [batch, columns].
    private readonly HashSet<string> _flat = new(StringComparer.Ordinal);

    private OnnxNetwork()
    {
    }

    /// <summary>
    /// The graph from <c>image</c> [batch, 3, size, size] (red, green, blue planes, 0 to 255) to <c>logits</c> and
    /// <c>probabilities</c> [batch, classes]; with <paramref name="row"/> it takes and gives what that says. Without
    /// <paramref name="fuse"/> every operator is written by itself.
    /// </summary>
    public static OnnxGraph CreateGraph(Architecture architecture, Network network, OnnxRow? row = null, bool fuse = true)
    {
        var builder = new OnnxNetwork();
        OnnxGraph graph = builder._graph;
        Graph operators = network.ToGraph().Graph;
        foreach (TensorSpec tensor in operators.Tensors)
        {
            graph.AddWeight(tensor, network.Weights[tensor.Name]);
        }

        builder.Apply(operators, builder.DeclareInput(architecture.ImageSize, row), fuse);
        graph.NameLastResult(Logits);
        graph.Add("Softmax", [Logits], Integer("axis", -1));
        graph.NameLastResult(Probabilities);
        builder.DeclareOutput(operators.Output.Shape, row);
        return graph;
    }

    private string DeclareInput(int imageSize, OnnxRow? row)
    {
        if (row is null)
        {
            _graph.DeclareInput(Image, Batch, Architecture.Channels, imageSize, imageSize);
            return Image;
        }

        _graph.DeclareInput(row.Input, 1, "values");
        return Reshape(row.Input, 1, Architecture.Channels, imageSize, imageSize);
    }

    private void DeclareOutput(Shape shape, OnnxRow? row)
    {
        if (row is null)
        {
            OnnxDimension[] dimensions = shape.Rows == 1 ? [Batch, shape.Columns] : [Batch, shape.Rows, shape.Columns];
            _graph.DeclareOutput(Logits, dimensions);
            _graph.DeclareOutput(Probabilities, dimensions);
            return;
        }

        Reshape(Probabilities, shape.Columns);
        _graph.NameLastResult(row.Output);
        _graph.DeclareOutput(row.Output, shape.Columns);
        _graph.AddSlotNames(row.Output, row.SlotNames);
    }

    /// <param name="graph">The network in operators.</param>
    /// <param name="image">Name of the input, [batch, channels, size, size].</param>
    /// <param name="fuse">Whether runs of operators may become one that runtimes do faster.</param>
    private void Apply(Graph graph, string image, bool fuse)
    {
        var names = new string[graph.Nodes.Count + 1];
        int first = 0;
        if (fuse && graph.Nodes is [{ Operator: Gather { Table: PatchTable table } }, { Operator: Linear { Weight.Shape.Length: 4, Bias: not null } linear }, ..]
            && graph.Nodes.Skip(2).All(node => node.Inputs.All(input => input.Index > 1)))
        {
            names[2] = Convolve(table, linear, image);
            first = 2;
        }
        else
        {
            names[0] = Reshape(image, 0, graph.Input.Shape.Rows, graph.Input.Shape.Columns);
        }

        foreach (Node node in graph.Nodes.Skip(first))
        {
            bool isFlat = TakesFlat(node) && node.Inputs.Any(input => _flat.Contains(names[input.Index]));
            names[node.Result.Index] = Apply(node, [.. node.Inputs.Select(input => isFlat
                ? Flatten(names[input.Index], input.Shape.Columns)
                : Unflatten(names[input.Index], input.Shape.Columns))]);
        }

        if (graph.Output.Shape.Rows == 1)
        {
            Flatten(names[^1], graph.Output.Shape.Columns);
        }
    }

    /// <summary>Whether an operator is written alike for [batch, columns] and [batch, rows, columns].</summary>
    private static bool TakesFlat(Node node) => node.Operator is Linear or LayerNormalize or BatchNormalize or Activate or Operators.Add;

    private string Apply(Node node, string[] x) => node.Operator switch
    {
        Linear linear => Multiply(linear, x[0]),
        LayerNormalize norm => Normalize(norm, node.Input.Shape.Columns, x[0]),
        BatchNormalize norm => Normalize(norm, node.Input.Shape, x[0]),
        Activate activation => ActivateSome(x[0], activation.Columns, node.Input.Shape.Columns),
        Attend attend => Attend(attend, node.Input.Shape, x[0]),
        Gather gather => GatherElements(gather.Table, x[0]),
        Operators.Transpose => Transpose(x[0], 0, 2, 1),
        PrependToken token => Prepend(token, x[0]),
        AddTable table => Add(x[0], table.Table.Name),
        TakeRow row => Flat(_graph.Add("Gather", [x[0], _graph.Index(row.Row)], Integer("axis", 1))),
        AverageRows => Flat(_graph.Add("ReduceMean", [x[0]], Integers("axes", 1), Integer("keepdims", 0))),
        Operators.Add => Like(x[0], Add(x[1], x[0])),
        _ => throw new NotSupportedException($"There is no ONNX form of {node.Operator.GetType().Name}."),
    };

    /// <summary>Cutting into patches and projecting them as one convolution.</summary>
    private string Convolve(PatchTable table, Linear linear, string image)
    {
        string map = _graph.Add(
            "Conv", [image, linear.Weight.Name, linear.Bias!.Name], Integers("strides", table.PatchSize, table.PatchSize));
        return Transpose(Reshape(map, 0, linear.Outputs, table.Result.Rows), 0, 2, 1);
    }

    private string Multiply(Linear linear, string x)
    {
        // Matrices are stored as MatMul wants them; filters are not.
        string weight = linear.Weight.Shape.Length == 2
            ? linear.Weight.Name
            : Transpose(Reshape(linear.Weight.Name, linear.Outputs, linear.Inputs), 1, 0);
        string product = MatMul(x, weight);
        return Like(x, linear.Bias is null ? product : Add(product, linear.Bias.Name));
    }

    /// <summary>Where the affine part is folded into what follows, the operator still insists on a scale.</summary>
    private string Normalize(LayerNormalize norm, int columns, string x)
    {
        string scale = norm.Gamma?.Name ?? _graph.Vector(1, columns);
        string bias = norm.Beta?.Name ?? _graph.Vector(0, columns);
        return Like(x, _graph.Add("LayerNormalization", [x, scale, bias], Integer("axis", -1), Float("epsilon", norm.Epsilon)));
    }

    private string Normalize(BatchNormalize norm, Shape shape, string x)
    {
        bool isFlat = _flat.Contains(x);
        string normalized = _graph.Add(
            "BatchNormalization",
            [isFlat ? x : Reshape(x, -1, shape.Columns), norm.Gamma.Name, norm.Beta.Name, norm.Mean.Name, norm.Variance.Name],
            Float("epsilon", norm.Epsilon));
        return isFlat ? Flat(normalized) : Reshape(normalized, -1, shape.Rows, shape.Columns);
    }

    private string Attend(Attend attend, Shape shape, string x)
    {
        int dim = shape.Columns / 3;
        string[] qkv = _graph.Add("Split", 3, [x], Integer("axis", -1));
        string queries = Transpose(Heads(qkv[0]), 0, 2, 1, 3);
        string keys = Transpose(Heads(qkv[1]), 0, 2, 3, 1);
        string values = Transpose(Heads(qkv[2]), 0, 2, 1, 3);
        string scores = MatMul(queries, keys);
        string scaled = attend.Scale == 1 ? scores : _graph.Add("Mul", [scores, _graph.Scalar(attend.Scale)]);
        string weights = _graph.Add("Softmax", [scaled], Integer("axis", -1));
        return Reshape(Transpose(MatMul(weights, values), 0, 2, 1, 3), 0, shape.Rows, dim);

        string Heads(string y) => Reshape(y, 0, shape.Rows, attend.Heads, dim / attend.Heads);
    }

    private string ActivateSome(string hidden, int active, int width)
    {
        if (active == 0)
        {
            return hidden;
        }

        if (active == width)
        {
            return Like(hidden, Gelu(hidden));
        }

        string[] parts = _graph.Add("Split", 2, [hidden, _graph.Integers(active, width - active)], Integer("axis", -1));
        return Like(hidden, _graph.Add("Concat", [Gelu(parts[0]), parts[1]], Integer("axis", -1)));
    }

    private string GatherElements(IndexTable table, string x)
    {
        string elements = Reshape(x, 0, table.Source.Length);
        string gathered = _graph.Add("Gather", [elements, _graph.Integers(Array.ConvertAll(table.Indices(), index => (long)index))], Integer("axis", 1));
        return Reshape(gathered, 0, table.Result.Rows, table.Result.Columns);
    }

    private string Prepend(PrependToken operation, string x)
    {
        string batch = _graph.Add("Shape", [x], Integer("start", 0), Integer("end", 1));
        string shape = _graph.Add("Concat", [batch, _graph.Integers(1, operation.Token.Length)], Integer("axis", 0));
        string tokens = _graph.Add("Expand", [operation.Token.Name, shape]);
        return _graph.Add("Concat", [tokens, x], Integer("axis", 1));
    }

    /// <summary>Remembers that a value is [batch, columns].</summary>
    private string Flat(string x)
    {
        _flat.Add(x);
        return x;
    }

    private string Flatten(string x, int columns) => _flat.Contains(x) ? x : Flat(Reshape(x, 0, columns));

    private string Unflatten(string x, int columns) => _flat.Contains(x) ? Reshape(x, 0, 1, columns) : x;

    /// <summary>A result that has as many dimensions as x.</summary>
    private string Like(string x, string result) => _flat.Contains(x) ? Flat(result) : result;

    /// <summary>x/2 (1 + erf(x / sqrt(2))), in the order of steps that ONNX Runtime knows as one operation.</summary>
    private string Gelu(string x)
    {
        string error = _graph.Add("Erf", [_graph.Add("Div", [x, _graph.Scalar(float.Sqrt(2))])]);
        string product = _graph.Add("Mul", [x, Add(error, _graph.Scalar(1))]);
        return _graph.Add("Mul", [product, _graph.Scalar(0.5f)]);
    }

    private string MatMul(string left, string right) => _graph.Add("MatMul", [left, right]);

    private string Add(string left, string right) => _graph.Add("Add", [left, right]);

    private string Transpose(string x, params ReadOnlySpan<long> order)
        => _graph.Add("Transpose", [x], Integers("perm", order));

    /// <summary>0 keeps a size, -1 takes what is left.</summary>
    private string Reshape(string x, params ReadOnlySpan<long> shape)
        => _graph.Add("Reshape", [x, _graph.Integers(shape)]);
}
