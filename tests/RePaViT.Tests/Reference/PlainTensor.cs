namespace RePaViT.Tests.Reference;

/// <summary>Numbers in double precision with a shape, row-major.</summary>
internal sealed record PlainTensor(int[] Shape, double[] Data)
{
    public double this[params int[] index] => Data[Offset(index)];

    public static PlainTensor Build(int[] shape, Func<int[], double> value)
    {
        double[] data = new double[shape.Aggregate(1, (product, size) => product * size)];
        int[] index = new int[shape.Length];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = value(index);
            for (int axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--)
            {
                index[axis] = 0;
            }
        }

        return new PlainTensor(shape, data);
    }

    public int Offset(params int[] index)
    {
        int offset = 0;
        for (int axis = 0; axis < index.Length; axis++)
        {
            offset = offset * Shape[axis] + index[axis];
        }

        return offset;
    }

    public int[] Strides()
        => [.. Shape.Select((_, axis) => Shape[(axis + 1)..].Aggregate(1, (product, size) => product * size))];
}
