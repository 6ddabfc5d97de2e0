namespace RePaViT.Onnx;

/// <summary>A dimension of an input or output: its size, or a name where every size will do.</summary>
internal readonly record struct OnnxDimension
{
    private OnnxDimension(string? name, int size)
    {
        Name = name;
        Size = size;
    }

    public string? Name { get; }

    public int Size { get; }

    public static implicit operator OnnxDimension(int size) => new(null, size);

    public static implicit operator OnnxDimension(string name) => new(name, 0);
}
