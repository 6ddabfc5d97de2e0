using RePaViT.Layers;
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
    /// <c>probabilities</c> [batch, classes], and further <paramref name="outputs"/> of the network; with <paramref name="row"/> it takes and gives what that says. Without
    /// <paramref name="fuse"/> every operator is written by itself.
    /// </summary>
    /// <exception cref="ArgumentException">The network has no such output.</exception>
    public static OnnxGraph CreateGraph(
        Architecture architecture, Network network, IReadOnlyList<string>? outputs = null, OnnxRow? row = null, bool fuse = true)
    {
        var builder = new OnnxNetwork();
        OnnxGraph graph = builder._graph;
        NetworkGraph layers = network.ToGraph();
        Graph operators = layers.Graph;
        foreach (TensorSpec tensor in operators.Tensors)
        {
            graph.AddWeight(tensor, network.Weights[tensor.Name]);
        }

        string image = builder.DeclareInput(architecture.ImageSize, row);
        if (row?.Source is not null)
        {
            builder.AddPart(network.TakeOutput(row.Source).ToGraph().Graph, operators, image, row.Output, fuse);
            return graph;
        }

        string[] names = builder.Apply(operators, image, fuse);
        graph.NameLastResult(Logits);
        graph.Add("Softmax", [Logits], Integer("axis", -1));
        graph.NameLastResult(Probabilities);
        builder.DeclareOutput(operators.Output.Shape, row);
        foreach (string output in outputs ?? [])
        {
            if (output is not (Logits or Probabilities))
            {
                NetworkOutput found = network.Layout.Find(output);
                Value value = layers.Layers[found.Layers - 1].Output;
                builder.AddOutput(output, names[value.Index], value.Shape, found.Last);
            }
        }

        return graph;
    }

    /// <summary>One more output: a value, or what a layer makes of it.</summary>
    private void AddOutput(string output, string value, Shape shape, Layer? layer)
    {
        if (layer is not null)
        {
            Graph operators = layer.ToGraph();
            string[] names = new string[operators.Nodes.Count + 1];
            names[0] = value;
            Apply(operators, names, first: 0, fuse: false);
            (value, shape) = (names[^1], operators.Output.Shape);
        }

        _graph.Add("Identity", [shape.Rows == 1 ? Flatten(value, shape.Columns) : value]);
        _graph.NameLastResult(output);
        _graph.DeclareOutput(output, Dimensions(shape));
    }

    /// <summary>Computes what a part of the network gives, as one vector, and nothing after it.</summary>
    private void AddPart(Graph part, Graph whole, string image, string output, bool fuse)
    {
        int length = (int)part.Output.Shape.Length;
        Reshape(Apply(part, image, fuse)[^1], length);
        _graph.NameLastResult(output);
        _graph.DeclareOutput(output, length);

        // ONNX Runtime warns of each weight that no node reads. What reads only shapes is done before the first image.
        foreach (string unread in whole.Tensors.Select(tensor => tensor.Name).Except(part.Tensors.Select(tensor => tensor.Name)))
        {
            _graph.Add("Shape", [unread], Integer("start", 0), Integer("end", 1));
        }
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
            _graph.DeclareOutput(Logits, Dimensions(shape));
            _graph.DeclareOutput(Probabilities, Dimensions(shape));
            return;
        }

        Reshape(Probabilities, shape.Columns);
        _graph.NameLastResult(row.Output);
        _graph.DeclareOutput(row.Output, shape.Columns);
        _graph.AddSlotNames(row.Output, row.SlotNames);
    }

    private static OnnxDimension[] Dimensions(Shape shape)
        => shape.Rows == 1 ? [Batch, shape.Columns] : [Batch, shape.Rows, shape.Columns];

    /// <returns>The names of all values.</returns>
    /// <param name="graph">The network in operators.</param>
    /// <param name="image">Name of the input, [batch, channels, size, size].</param>
    /// <param name="fuse">Whether runs of operators may become one that runtimes do faster.</param>
    private string[] Apply(Graph graph, string image, bool fuse)
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

        Apply(graph, names, first, fuse);
        if (graph.Output.Shape.Rows == 1)
        {
            Flatten(names[^1], graph.Output.Shape.Columns);
        }

        return names;
    }

    /// <summary>Adds the nodes from one on; the names of what they read are known.</summary>
    private void Apply(Graph graph, string[] names, int first, bool fuse)
    {
        for (int i = first; i < graph.Nodes.Count; i++)
        {
            Node node = graph.Nodes[i];
            if (fuse && Convolution.Find(graph, i) is Convolution convolution)
            {
                i += Convolution.Nodes - 1;
                names[graph.Nodes[i].Result.Index] = Convolve(convolution.Table, convolution.Filters, names[node.Input.Index]);
                continue;
            }

            bool isFlat = TakesFlat(node) && node.Inputs.Any(input => _flat.Contains(names[input.Index]));
            names[node.Result.Index] = Apply(node, [.. node.Inputs.Select(input => isFlat
                ? Flatten(names[input.Index], input.Shape.Columns)
                : Unflatten(names[input.Index], input.Shape.Columns))]);
        }
    }

    /// <summary>Whether an operator is written alike for [batch, columns] and [batch, rows, columns].</summary>
    private static bool TakesFlat(Node node) => node.Operator is Linear or WeightNormalizedLinear or LayerNormalize or BatchNormalize or Activate or ScaleColumns or NormalizeRows or Operators.Add;

    private string Apply(Node node, string[] x) => node.Operator switch
    {
        Linear linear => Multiply(linear, x[0]),
        WeightNormalizedLinear linear => Like(x[0], MatMul(x[0], Transpose(ToUnitRows(Transpose(linear.Direction.Name, 1, 0)), 1, 0))),
        LayerNormalize norm => Normalize(norm, node.Input.Shape.Columns, x[0]),
        BatchNormalize norm => Normalize(norm, node.Input.Shape, x[0]),
        Activate activation => ActivateSome(activation, x[0], node.Input.Shape.Columns),
        Attend attend => Attend(attend, node.Input.Shape, x[0]),
        Gather { Table: LaterRowsTable rows } => LaterRows(x[0], rows.First, rows.Source),
        Gather gather => GatherUnits(gather.Table, x[0]),
        Operators.Transpose => Transpose(x[0], 0, 2, 1),
        PrependToken token => Prepend(token, x[0]),
        AddTable table => Add(x[0], table.Table.Name),
        ShiftRows shift => Add(x[0], Reshape(shift.Shift.Name, shift.Shift.Length, 1)),
        TakeRow row => Flat(_graph.Add("Gather", [x[0], _graph.Index(row.Row)], Integer("axis", 1))),
        ExchangeTokens => x[0],
        AveragePool pool => Pool(pool, node.Input.Shape.Columns, x[0]),
        GroupNormalize norm => Normalize(norm, node.Input.Shape, x[0]),
        ScaleColumns scale => Like(x[0], _graph.Add("Mul", [x[0], scale.Scale.Name])),
        NormalizeRows => Like(x[0], ToUnitRows(x[0])),
        MaximizeRows maximum => Flat(_graph.Add("ReduceMax", [LaterRows(x[0], maximum.First, node.Input.Shape)], Integers("axes", 1), Integer("keepdims", 0))),
        StackRows => _graph.Add("Concat", [x[0], x[1]], Integer("axis", 1)),
        AverageRows => Flat(_graph.Add("ReduceMean", [x[0]], Integers("axes", 1), Integer("keepdims", 0))),
        Operators.Add add => Like(x[0], Add(Scale(x[1], add.Scale), x[0])),
        _ => throw new NotSupportedException($"There is no ONNX form of {node.Operator.GetType().Name}."),
    };

    /// <summary>Cutting into patches and projecting them as one convolution.</summary>
    private string Convolve(PatchTable table, Linear linear, string image)
    {
        string map = _graph.Add(
            "Conv", [image, linear.Weight.Name, linear.Bias!.Name], Integers("strides", table.PatchSize, table.PatchSize));
        return Transpose(Reshape(map, 0, linear.Outputs, table.Result.Rows), 0, 2, 1);
    }

    private string Convolve(ConvolutionTable table, Linear linear, string x)
    {
        string planes = Reshape(table.IsImage ? x : Transpose(x, 0, 2, 1), 0, table.Channels, table.Size, table.Size);
        string[] inputs = linear.Bias is null ? [planes, linear.Weight.Name] : [planes, linear.Weight.Name, linear.Bias.Name];
        int pad = table.Padding;
        string map = _graph.Add("Conv", inputs, Integers("strides", table.Stride, table.Stride), Integers("pads", pad, pad, pad, pad));
        return Transpose(Reshape(map, 0, linear.Outputs, table.Result.Rows), 0, 2, 1);
    }

    private string Multiply(Linear linear, string x)
    {
        // Matrices are stored as MatMul wants them; filters are not.
        string weight = TensorLayout.IsTransposed(linear.Weight)
            ? linear.Weight.Name
            : Transpose(Reshape(linear.Weight.Name, linear.Outputs, linear.Inputs), 1, 0);
        string product = MatMul(x, weight);
        return Like(x, linear.Bias is null ? product : Add(product, linear.Bias.Name));
    }

    private string ToUnitRows(string x) => _graph.Add("LpNormalization", [x], Integer("axis", -1), Integer("p", 2));

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

    /// <summary>All values of an image as one channel of a normalization that knows no other dimension.</summary>
    private string Normalize(GroupNormalize norm, Shape shape, string x)
    {
        string normalized = _graph.Add(
            "InstanceNormalization",
            [Reshape(x, 0, 1, shape.Length), _graph.Vector(1, 1), _graph.Vector(0, 1)],
            Float("epsilon", norm.Epsilon));
        return Add(_graph.Add("Mul", [Reshape(normalized, 0, shape.Rows, shape.Columns), norm.Gamma.Name]), norm.Beta.Name);
    }

    private string Pool(AveragePool pool, int columns, string x)
    {
        string map = Reshape(Transpose(x, 0, 2, 1), 0, columns, pool.Size, pool.Size);
        string pooled = _graph.Add(
            "AveragePool", [map], Integers("kernel_shape", pool.Window, pool.Window), Integers("pads", pool.Reach, pool.Reach, pool.Reach, pool.Reach));
        return Transpose(Reshape(pooled, 0, columns, pool.Size * pool.Size), 0, 2, 1);
    }

    private string Attend(Attend attend, Shape shape, string x)
    {
        int dim = shape.Columns / 3;
        int rows = attend.RowsPerWindow(shape);

        // Windows count as images.
        int batch = rows == shape.Rows ? 0 : -1;
        string[] qkv = _graph.Add("Split", 3, [x], Integer("axis", -1));
        string queries = Transpose(Heads(qkv[0]), 0, 2, 1, 3);
        string keys = Transpose(Heads(qkv[1]), 0, 2, 3, 1);
        string values = Transpose(Heads(qkv[2]), 0, 2, 1, 3);
        string scores = MatMul(queries, keys);
        string scaled = attend.Scale == 1 ? scores : _graph.Add("Mul", [scores, _graph.Scalar(attend.Scale)]);
        string biased = attend.Positions is null ? scaled : AddPositions(attend, attend.Positions, scaled);
        string weights = _graph.Add("Softmax", [biased], Integer("axis", -1));
        return Reshape(Transpose(MatMul(weights, values), 0, 2, 1, 3), batch, shape.Rows, dim);

        string Heads(string y) => Reshape(y, batch, rows, attend.Heads, dim / attend.Heads);
    }

    private string AddPositions(Attend attend, RelativePositions positions, string scores)
    {
        int places = positions.Grid.Places;
        string table = Transpose(positions.Table.Name, 1, 0);
        string learned = _graph.Add("Gather", [table, _graph.Integers(Array.ConvertAll(positions.TableRows(), row => (long)row))], Integer("axis", 1));
        string biased = Add(scores, Reshape(learned, attend.Heads, places, places));
        float[][] masks = positions.Masks();
        if (masks.Length == 1)
        {
            return biased;
        }

        string kinds = _graph.Floats([.. masks.SelectMany(mask => mask)], masks.Length, 1, places, places);
        string mask = _graph.Add("Gather", [kinds, _graph.Integers(Array.ConvertAll(positions.Kinds(), kind => (long)kind))], Integer("axis", 0));
        string byImage = Reshape(biased, -1, positions.Grid.Windows, attend.Heads, places, places);
        return Reshape(Add(byImage, mask), -1, attend.Heads, places, places);
    }

    private string ActivateSome(Activate activation, string hidden, int width)
    {
        int active = activation.Columns;
        if (active == 0)
        {
            return hidden;
        }

        if (active == width)
        {
            return Like(hidden, Activated(activation.Kind, hidden));
        }

        string[] parts = _graph.Add("Split", 2, [hidden, _graph.Integers(active, width - active)], Integer("axis", -1));
        return Like(hidden, _graph.Add("Concat", [Activated(activation.Kind, parts[0]), parts[1]], Integer("axis", -1)));
    }

    private string Activated(ActivationKind kind, string x) => kind switch
    {
        ActivationKind.Gelu => Gelu(x),
        ActivationKind.QuickGelu => QuickGelu(x),
        ActivationKind.Relu => _graph.Add("Relu", [x]),
        _ => throw new NotSupportedException($"There is no ONNX form of {kind}."),
    };

    private string LaterRows(string x, int first, Shape shape)
        => first == 0 ? x : _graph.Add("Slice", [x, _graph.Integers(first), _graph.Integers(shape.Rows), _graph.Integers(1)]);

    private string GatherUnits(IndexTable table, string x)
    {
        long[] indices = Array.ConvertAll(table.Indices(), index => (long)index);
        string units = Reshape(x, 0, table.Source.Length / table.Unit, table.Unit);
        if (indices.Contains(IndexTable.Nowhere))
        {
            // Zeros after the last unit: ONNX counts the index -1 from the end.
            units = _graph.Add("Pad", [units, _graph.Integers(0, 0, 0, 0, 1, 0)]);
        }

        string gathered = _graph.Add("Gather", [units, _graph.Integers(indices)], Integer("axis", 1));
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

    /// <summary>x s(1.702 x), in the steps that ONNX Runtime knows as one operation.</summary>
    private string QuickGelu(string x)
        => _graph.Add("Mul", [x, _graph.Add("Sigmoid", [_graph.Add("Mul", [x, _graph.Scalar(1.702f)])])]);

    private string Scale(string x, float factor) => factor == 1 ? x : Like(x, _graph.Add("Mul", [x, _graph.Scalar(factor)]));

    private string MatMul(string left, string right) => _graph.Add("MatMul", [left, right]);

    private string Add(string left, string right) => _graph.Add("Add", [left, right]);

    private string Transpose(string x, params ReadOnlySpan<long> order)
        => _graph.Add("Transpose", [x], Integers("perm", order));

    /// <summary>0 keeps a size, -1 takes what is left.</summary>
    private string Reshape(string x, params ReadOnlySpan<long> shape)
        => _graph.Add("Reshape", [x, _graph.Integers(shape)]);
}
