namespace RePaViT.Operators;

/// <summary>y = x + table, the same for each image.</summary>
/// <param name="Table">[1, rows, columns].</param>
internal sealed record AddTable(TensorSpec Table) : Operator
{
    public override TensorSpec[] Tensors => [Table];

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0] != new Shape(Table.Shape[1], Table.Shape[2]))
        {
            throw Refusal(inputs[0], $"[{Table.Shape[1]}, {Table.Shape[2]}]");
        }

        return inputs[0];
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        double[] table = tensor(Table);
        return Build(x.GetLength(0), x.GetLength(1), (row, column) => x[row, column] + table[row * x.GetLength(1) + column]);
    }
}
