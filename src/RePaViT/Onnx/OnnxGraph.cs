using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using RePaViT.Operators;

namespace RePaViT.Onnx;

/// <summary>An ONNX graph under construction. Values are known by their names.</summary>
internal sealed class OnnxGraph
{
    /// <summary>Operators for what is not a tensor of numbers.</summary>
    public const string MachineLearningDomain = "ai.onnx.ml";

    // Longer constants are named by a hash.
    private const int MostNamed = 32;

    private readonly List<Node> _nodes = [];
    private readonly OrderedDictionary<string, ProtobufMessage> _initializers = new(StringComparer.Ordinal);
    private readonly List<(int Field, ProtobufMessage Message)> _values = [];

    /// <summary>Adds a node with one result.</summary>
    /// <returns>The name of the result.</returns>
    public string Add(string operation, ReadOnlySpan<string> inputs, params OnnxAttribute[] attributes)
        => Add(operation, 1, inputs, attributes)[0];

    /// <summary>Adds a node with several results.</summary>
    /// <returns>The names of the results.</returns>
    public string[] Add(string operation, int results, ReadOnlySpan<string> inputs, params OnnxAttribute[] attributes)
    {
        string name = $"{operation}_{_nodes.Count}";
        string[] outputs = [.. Enumerable.Range(0, results).Select(i => results == 1 ? name : $"{name}.{i}")];
        _nodes.Add(new Node(name, "", operation, inputs.ToArray(), outputs, attributes));
        return outputs;
    }

    /// <summary>
    /// Names the values of an output vector where ML.NET looks for them: in the attribute of an encoder of labels, of which
    /// nobody wants the result.
    /// </summary>
    public void AddSlotNames(string output, IReadOnlyList<string> names)
    {
        string name = $"mlnet.{output}.SlotNames";
        ProtobufMessage input = Tensor($"{name}.input", OnnxSchema.Tensor.StringType, [1]);
        input.Add(OnnxSchema.Tensor.StringData, names[0]);
        _initializers.Add($"{name}.input", input);
        OnnxAttribute[] attributes =
        [
            OnnxAttribute.Strings("keys_strings", names),
            OnnxAttribute.Integers("values_int64s", [.. Enumerable.Range(0, names.Count)]),
        ];
        _nodes.Add(new Node(name, MachineLearningDomain, "LabelEncoder", [$"{name}.input"], [$"{name}.output"], attributes));
    }

    /// <summary>Gives the result of the last node another name.</summary>
    public void NameLastResult(string name) => _nodes[^1] = _nodes[^1] with { Outputs = [name] };

    /// <summary>Declares an input.</summary>
    public void DeclareInput(string name, params ReadOnlySpan<OnnxDimension> shape)
        => _values.Add((OnnxSchema.Graph.Input, ValueInfo(name, shape)));

    /// <summary>Declares a value to be an output.</summary>
    public void DeclareOutput(string name, params ReadOnlySpan<OnnxDimension> shape)
        => _values.Add((OnnxSchema.Graph.Output, ValueInfo(name, shape)));

    /// <summary>Adds a tensor of weights under its own name, in the layout of a file.</summary>
    public void AddWeight(TensorSpec spec, WeightTensor tensor)
    {
        ProtobufMessage message = Tensor(spec.Name, OnnxSchema.Tensor.FloatType, TensorLayout.StoredShape(spec));
        message.Add(OnnxSchema.Tensor.RawData, spec.Length * sizeof(float), stream => TensorLayout.Write(stream, spec, tensor));
        _initializers.Add(spec.Name, message);
    }

    /// <summary>A scalar. Equal constants are stored once, here and below.</summary>
    public string Scalar(float value) => Constant(Text(value), [value], []);

    /// <summary>A vector of equal values.</summary>
    public string Vector(float value, int length)
        => Constant($"{Text(value)} x {length}", [.. Enumerable.Repeat(value, length)], [length]);

    /// <summary>An integer scalar.</summary>
    public string Index(long value) => Constant(Text(value), [value], []);

    /// <summary>A vector of integers.</summary>
    public string Integers(params ReadOnlySpan<long> values)
        => Constant(values.Length <= MostNamed ? $"[{string.Join(", ", values.ToArray())}]" : null, values, [values.Length]);

    /// <summary>Floats in a shape.</summary>
    public string Floats(ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) => Constant(null, values, shape);

    public ProtobufMessage ToMessage(string name, string documentation)
    {
        var graph = new ProtobufMessage();
        foreach (Node node in _nodes)
        {
            graph.Add(OnnxSchema.Graph.Node, node.ToMessage());
        }

        graph.Add(OnnxSchema.Graph.Name, name);
        foreach (ProtobufMessage initializer in _initializers.Values)
        {
            graph.Add(OnnxSchema.Graph.Initializer, initializer);
        }

        graph.Add(OnnxSchema.Graph.Documentation, documentation);
        foreach ((int field, ProtobufMessage message) in _values)
        {
            graph.Add(field, message);
        }

        return graph;
    }

    private static string Text<T>(T value)
        where T : IFormattable
        => $"{typeof(T).Name} {value.ToString(null, CultureInfo.InvariantCulture)}";

    private string Constant(string? name, ReadOnlySpan<float> values, ReadOnlySpan<int> shape)
    {
        var data = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * sizeof(float)), values[i]);
        }

        return Constant(name, OnnxSchema.Tensor.FloatType, data, shape);
    }

    private string Constant(string? name, ReadOnlySpan<long> values, ReadOnlySpan<int> shape)
    {
        var data = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(i * sizeof(long)), values[i]);
        }

        return Constant(name, OnnxSchema.Tensor.Int64Type, data, shape);
    }

    private string Constant(string? name, int type, byte[] data, ReadOnlySpan<int> shape)
    {
        name ??= $"constant {Convert.ToHexStringLower(SHA256.HashData(data).AsSpan(0, 16))} [{string.Join(", ", shape.ToArray())}]";
        if (!_initializers.ContainsKey(name))
        {
            ProtobufMessage message = Tensor(name, type, shape);
            message.Add(OnnxSchema.Tensor.RawData, data);
            _initializers.Add(name, message);
        }

        return name;
    }

    private static ProtobufMessage Tensor(string name, int type, ReadOnlySpan<int> shape)
    {
        var tensor = new ProtobufMessage();
        foreach (int size in shape)
        {
            tensor.Add(OnnxSchema.Tensor.Dims, size);
        }

        tensor.Add(OnnxSchema.Tensor.DataType, type);
        tensor.Add(OnnxSchema.Tensor.Name, name);
        return tensor;
    }

    private static ProtobufMessage ValueInfo(string name, ReadOnlySpan<OnnxDimension> shape)
    {
        var dimensions = new ProtobufMessage();
        foreach (OnnxDimension size in shape)
        {
            var dimension = new ProtobufMessage();
            if (size.Name is null)
            {
                dimension.Add(OnnxSchema.ValueInfo.DimensionValue, size.Size);
            }
            else
            {
                dimension.Add(OnnxSchema.ValueInfo.DimensionName, size.Name);
            }

            dimensions.Add(OnnxSchema.ValueInfo.Dimension, dimension);
        }

        var tensor = new ProtobufMessage();
        tensor.Add(OnnxSchema.ValueInfo.ElementType, OnnxSchema.Tensor.FloatType);
        tensor.Add(OnnxSchema.ValueInfo.Shape, dimensions);
        var type = new ProtobufMessage();
        type.Add(OnnxSchema.ValueInfo.TensorType, tensor);
        var value = new ProtobufMessage();
        value.Add(OnnxSchema.ValueInfo.Name, name);
        value.Add(OnnxSchema.ValueInfo.Type, type);
        return value;
    }

    private sealed record Node(
        string Name, string Domain, string Operation, string[] Inputs, string[] Outputs, OnnxAttribute[] Attributes)
    {
        public ProtobufMessage ToMessage()
        {
            var node = new ProtobufMessage();
            foreach (string input in Inputs)
            {
                node.Add(OnnxSchema.Node.Input, input);
            }

            foreach (string output in Outputs)
            {
                node.Add(OnnxSchema.Node.Output, output);
            }

            node.Add(OnnxSchema.Node.Name, Name);
            node.Add(OnnxSchema.Node.Operator, Operation);
            if (Domain.Length > 0)
            {
                node.Add(OnnxSchema.Node.Domain, Domain);
            }

            foreach (OnnxAttribute attribute in Attributes)
            {
                node.Add(OnnxSchema.Node.Attribute, attribute.Message);
            }

            return node;
        }
    }
}
