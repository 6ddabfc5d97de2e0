namespace RePaViT.Operators;

/// <summary>y = x': rows become columns, within each image.</summary>
internal sealed record Transpose : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs) => new(inputs[0].Columns, inputs[0].Rows);

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
        => Build(inputs[0].GetLength(1), inputs[0].GetLength(0), (row, column) => inputs[0][column, row]);
}
