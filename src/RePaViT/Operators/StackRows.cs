namespace RePaViT.Operators;

/// <summary>The rows of a, and those of b below them, image by image.</summary>
internal sealed record StackRows : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[1].Columns != inputs[0].Columns)
        {
            throw Refusal(inputs[1], $"[rows, {inputs[0].Columns}]");
        }

        return inputs[0] with { Rows = inputs[0].Rows + inputs[1].Rows };
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        (double[,] a, double[,] b) = (inputs[0], inputs[1]);
        int first = a.GetLength(0);
        return Build(
            first + b.GetLength(0), a.GetLength(1), (row, column) => row < first ? a[row, column] : b[row - first, column]);
    }
}
