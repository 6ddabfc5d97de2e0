namespace RePaViT.Import.Files;

/// <summary>A tensor that still lies in its file: its name and shape are known, its values are read when they are requested.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">The sizes, outermost dimension first; their product is at most what an array can hold.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Bytes">What has to be read of the file for it.</param>
/// <param name="ReadValues">Reads them, row-major. May refuse a type that is not a number.</param>
internal sealed record StoredTensor(string Name, int[] Shape, ElementType Type, long Bytes, Func<float[]> ReadValues)
{
    /// <summary>Number of values.</summary>
    public int Length => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>The matrix with rows and columns exchanged; what is not a matrix stays as it is.</summary>
    public StoredTensor Transpose() => Shape is [int rows, int columns]
        ? this with { Shape = [columns, rows], ReadValues = () => Transpose(ReadValues(), rows, columns) }
        : this;

    /// <summary>The tensor with its values.</summary>
    public WeightTensor Read() => new(ReadValues(), Shape);

    private static float[] Transpose(float[] values, int rows, int columns)
    {
        float[] transposed = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            transposed[i % columns * rows + i / columns] = values[i];
        }

        return transposed;
    }
}
