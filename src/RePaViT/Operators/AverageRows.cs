namespace RePaViT.Operators;

/// <summary>The mean of the rows of each image: [rows, columns] to [1, columns].</summary>
internal sealed record AverageRows : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs) => inputs[0] with { Rows = 1 };

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        int rows = inputs[0].GetLength(0);
        return Build(1, inputs[0].GetLength(1), (_, column) => PlainMath.Sum(rows, row => inputs[0][row, column]) / rows);
    }
}
