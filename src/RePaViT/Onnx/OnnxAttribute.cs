namespace RePaViT.Onnx;

/// <summary>A setting of a node.</summary>
internal sealed class OnnxAttribute
{
    private OnnxAttribute(string name, int type)
    {
        Message.Add(OnnxSchema.Attribute.Name, name);
        Message.Add(OnnxSchema.Attribute.Type, type);
    }

    public ProtobufMessage Message { get; } = new();

    public static OnnxAttribute Float(string name, float value)
    {
        var attribute = new OnnxAttribute(name, OnnxSchema.Attribute.FloatType);
        attribute.Message.Add(OnnxSchema.Attribute.Float, value);
        return attribute;
    }

    public static OnnxAttribute Integer(string name, long value)
    {
        var attribute = new OnnxAttribute(name, OnnxSchema.Attribute.IntegerType);
        attribute.Message.Add(OnnxSchema.Attribute.Integer, value);
        return attribute;
    }

    public static OnnxAttribute Integers(string name, params ReadOnlySpan<long> values)
    {
        var attribute = new OnnxAttribute(name, OnnxSchema.Attribute.IntegersType);
        foreach (long value in values)
        {
            attribute.Message.Add(OnnxSchema.Attribute.Integers, value);
        }

        return attribute;
    }

    public static OnnxAttribute Strings(string name, IEnumerable<string> values)
    {
        var attribute = new OnnxAttribute(name, OnnxSchema.Attribute.StringsType);
        foreach (string value in values)
        {
            attribute.Message.Add(OnnxSchema.Attribute.Strings, value);
        }

        return attribute;
    }
}
