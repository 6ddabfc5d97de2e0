namespace RePaViT.Operators;

/// <summary>Puts a row before those of each image.</summary>
/// <param name="Token">[1, 1, columns].</param>
internal sealed record PrependToken(TensorSpec Token) : Operator
{
    public override TensorSpec[] Tensors => [Token];

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns != Token.Length)
        {
            throw Refusal(inputs[0], $"[rows, {Token.Length}]");
        }

        return inputs[0] with { Rows = inputs[0].Rows + 1 };
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[] token = tensor(Token);
        return Build(inputs[0].GetLength(0) + 1, token.Length, (row, column) => row == 0 ? token[column] : inputs[0][row - 1, column]);
    }
}
