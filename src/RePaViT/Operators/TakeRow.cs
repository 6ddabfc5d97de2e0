namespace RePaViT.Operators;

/// <summary>Keeps one row of each image: [rows, columns] to [1, columns].</summary>
/// <param name="Row">Which, counted from 0.</param>
internal sealed record TakeRow(int Row) : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (Row >= inputs[0].Rows)
        {
            throw Refusal(inputs[0], $"more than {Row} rows");
        }

        return inputs[0] with { Rows = 1 };
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
        => Build(1, inputs[0].GetLength(1), (_, column) => inputs[0][Row, column]);
}
