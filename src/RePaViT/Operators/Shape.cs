namespace RePaViT.Operators;

/// <summary>
/// The shape of a value for one image: a matrix, in row-major order. The rows of an image are its color planes, its
/// tokens, or the places of a feature map; a batch stacks the rows of its images.
/// </summary>
internal readonly record struct Shape(int Rows, int Columns)
{
    public long Length => (long)Rows * Columns;

    public override string ToString() => $"[{Rows}, {Columns}]";
}
