using System.Buffers.Binary;
using RePaViT.Onnx;

namespace RePaViT.Tests.Reference;

/// <summary>What the graph of an ONNX file says.</summary>
internal sealed class PlainOnnxGraph
{
    public PlainOnnxGraph(byte[] file)
    {
        using var stream = new MemoryStream(file);
        ProtobufReader graph = Messages(new ProtobufReader(stream), OnnxSchema.Model.Graph).Single();
        while (graph.Next())
        {
            switch (graph.Field)
            {
                case OnnxSchema.Graph.Node:
                    Nodes.Add(ReadNode(graph.ReadMessage(), stream));
                    break;
                case OnnxSchema.Graph.Initializer:
                    (string name, PlainTensor tensor) = ReadTensor(graph.ReadMessage(), file);
                    Initializers.Add(name, tensor);
                    break;
                case OnnxSchema.Graph.Input:
                    Inputs.Add(ReadValueInfo(graph.ReadMessage()));
                    break;
                case OnnxSchema.Graph.Output:
                    Outputs.Add(ReadValueInfo(graph.ReadMessage()));
                    break;
            }
        }
    }

    /// <summary>Declared inputs, for instance <c>image[batch,3,32,32]</c>.</summary>
    public List<string> Inputs { get; } = [];

    public List<string> Outputs { get; } = [];

    public List<PlainOnnxNode> Nodes { get; } = [];

    public Dictionary<string, PlainTensor> Initializers { get; } = [];

    private static IEnumerable<ProtobufReader> Messages(ProtobufReader message, int field)
    {
        while (message.Next())
        {
            if (message.Field == field)
            {
                yield return message.ReadMessage();
            }
        }
    }

    private static PlainOnnxNode ReadNode(ProtobufReader message, Stream stream)
    {
        var node = new PlainOnnxNode();
        while (message.Next())
        {
            switch (message.Field)
            {
                case OnnxSchema.Node.Input:
                    node.Inputs.Add(message.ReadString());
                    break;
                case OnnxSchema.Node.Output:
                    node.Outputs.Add(message.ReadString());
                    break;
                case OnnxSchema.Node.Operator:
                    node.Operator = message.ReadString();
                    break;
                case OnnxSchema.Node.Attribute:
                    ReadAttribute(message.ReadMessage(), node, stream);
                    break;
            }
        }

        return node;
    }

    private static void ReadAttribute(ProtobufReader message, PlainOnnxNode node, Stream stream)
    {
        string name = "";
        var integers = new List<long>();
        while (message.Next())
        {
            switch (message.Field)
            {
                case OnnxSchema.Attribute.Name:
                    name = message.ReadString();
                    break;
                case OnnxSchema.Attribute.Float:
                    // Behind the tag, where the reader has stopped, stand the four bytes of the number.
                    byte[] bytes = new byte[4];
                    stream.ReadExactly(bytes);
                    node.Float = BinaryPrimitives.ReadSingleLittleEndian(bytes);
                    break;
                case OnnxSchema.Attribute.Integer or OnnxSchema.Attribute.Integers:
                    integers.Add(message.ReadInteger());
                    break;
            }
        }

        node.Integers.Add(name, integers);
    }

    private static (string Name, PlainTensor Tensor) ReadTensor(ProtobufReader message, byte[] file)
    {
        string name = "";
        var shape = new List<int>();
        long type = 0;
        ReadOnlySpan<byte> data = [];
        while (message.Next())
        {
            switch (message.Field)
            {
                case OnnxSchema.Tensor.Dims:
                    shape.Add((int)message.ReadInteger());
                    break;
                case OnnxSchema.Tensor.DataType:
                    type = message.ReadInteger();
                    break;
                case OnnxSchema.Tensor.Name:
                    name = message.ReadString();
                    break;
                case OnnxSchema.Tensor.RawData:
                    (long offset, long length) = message.ReadPlace();
                    data = file.AsSpan((int)offset, (int)length);
                    break;
            }
        }

        double[] values = new double[data.Length / (type == OnnxSchema.Tensor.FloatType ? 4 : 8)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type == OnnxSchema.Tensor.FloatType
                ? BinaryPrimitives.ReadSingleLittleEndian(data[(i * 4)..])
                : BinaryPrimitives.ReadInt64LittleEndian(data[(i * 8)..]);
        }

        return (name, new PlainTensor([.. shape], values));
    }

    private static string ReadValueInfo(ProtobufReader message)
    {
        string name = "";
        var sizes = new List<string>();
        while (message.Next())
        {
            switch (message.Field)
            {
                case OnnxSchema.ValueInfo.Name:
                    name = message.ReadString();
                    break;
                case OnnxSchema.ValueInfo.Type:
                    ProtobufReader type = Messages(message.ReadMessage(), OnnxSchema.ValueInfo.TensorType).Single();
                    ProtobufReader shape = Messages(type, OnnxSchema.ValueInfo.Shape).Single();
                    foreach (ProtobufReader dimension in Messages(shape, OnnxSchema.ValueInfo.Dimension))
                    {
                        Assert.IsTrue(dimension.Next());
                        sizes.Add(dimension.Field == OnnxSchema.ValueInfo.DimensionName
                            ? dimension.ReadString()
                            : $"{dimension.ReadInteger()}");
                    }

                    break;
            }
        }

        return $"{name}[{string.Join(",", sizes)}]";
    }
}

internal sealed class PlainOnnxNode
{
    public List<string> Inputs { get; } = [];

    public List<string> Outputs { get; } = [];

    public Dictionary<string, List<long>> Integers { get; } = [];

    /// <summary>The only float attribute there is: epsilon.</summary>
    public double Float { get; set; }

    public string Operator { get; set; } = "";
}
