namespace RePaViT.Onnx;

/// <summary>Field numbers and constants of onnx.proto3 (github.com/onnx/onnx), as far as they are used here.</summary>
internal static class OnnxSchema
{
    /// <summary>Fields of ModelProto.</summary>
    public static class Model
    {
        public const int IrVersion = 1;
        public const int ProducerName = 2;
        public const int ProducerVersion = 3;
        public const int Graph = 7;
        public const int OperatorSet = 8;
        public const int Metadata = 14;
    }

    /// <summary>Fields of OperatorSetIdProto.</summary>
    public static class OperatorSet
    {
        public const int Domain = 1;
        public const int Version = 2;
    }

    /// <summary>Fields of StringStringEntryProto.</summary>
    public static class Entry
    {
        public const int Key = 1;
        public const int Value = 2;
    }

    /// <summary>Fields of GraphProto.</summary>
    public static class Graph
    {
        public const int Node = 1;
        public const int Name = 2;
        public const int Initializer = 5;
        public const int Documentation = 10;
        public const int Input = 11;
        public const int Output = 12;
    }

    /// <summary>Fields of NodeProto.</summary>
    public static class Node
    {
        public const int Input = 1;
        public const int Output = 2;
        public const int Name = 3;
        public const int Operator = 4;
        public const int Attribute = 5;
        public const int Domain = 7;
    }

    /// <summary>Fields of AttributeProto and the values of its type.</summary>
    public static class Attribute
    {
        public const int Name = 1;
        public const int Float = 2;
        public const int Integer = 3;
        public const int Integers = 8;
        public const int Strings = 9;
        public const int Type = 20;

        public const int FloatType = 1;
        public const int IntegerType = 2;
        public const int IntegersType = 7;
        public const int StringsType = 8;
    }

    /// <summary>Fields of TensorProto and the values of its data type.</summary>
    public static class Tensor
    {
        public const int Dims = 1;
        public const int DataType = 2;
        public const int StringData = 6;
        public const int Name = 8;
        public const int RawData = 9;

        public const int FloatType = 1;
        public const int Int64Type = 7;
        public const int StringType = 8;
    }

    /// <summary>Fields of ValueInfoProto, and down to TypeProto.Tensor and TensorShapeProto.Dimension.</summary>
    public static class ValueInfo
    {
        public const int Name = 1;
        public const int Type = 2;

        public const int TensorType = 1;
        public const int ElementType = 1;
        public const int Shape = 2;
        public const int Dimension = 1;
        public const int DimensionValue = 1;
        public const int DimensionName = 2;
    }
}
