namespace RePaViT.Operators;

/// <summary>
/// The greatest value of each column over the rows of each image from a first one on: [rows, columns] to [1, columns]. On the
/// way back the first row that has it takes the gradient.
/// </summary>
/// <param name="First">The first row that counts.</param>
internal sealed record MaximizeRows(int First) : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Rows > First ? inputs[0] with { Rows = 1 } : throw Refusal(inputs[0], $"more than {First} rows");

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        int rows = x.GetLength(0) - First;
        return Build(1, x.GetLength(1), (_, column) => Enumerable.Range(First, rows).Max(row => x[row, column]));
    }
}
