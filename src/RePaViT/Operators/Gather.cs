namespace RePaViT.Operators;

/// <summary>Every element of the result is the element of x that a table names, or 0.</summary>
/// <param name="Table">The table.</param>
internal sealed record Gather(IndexTable Table) : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0] != Table.Source)
        {
            throw Refusal(inputs[0], $"{Table.Source}");
        }

        return Table.Result;
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        int[] indices = Table.ElementIndices();
        int columns = Table.Result.Columns;
        return Build(Table.Result.Rows, columns, (row, column) =>
        {
            int index = indices[row * columns + column];
            return index == IndexTable.Nowhere ? 0 : inputs[0][index / Table.Source.Columns, index % Table.Source.Columns];
        });
    }
}
