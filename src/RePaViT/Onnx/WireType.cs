namespace RePaViT.Onnx;

/// <summary>How a protobuf field is stored (protobuf.dev, "Encoding"). Groups, 3 and 4, are long out of use.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    Fixed32 = 5,
}
