namespace RePaViT.Operators;

/// <summary>
/// y = x W' for each row, where each row of W is that of V divided by its length: weight normalization (Salimans and Kingma, arXiv
/// 1602.07868) with all gains fixed at 1. With rows of x of length 1, y holds cosines.
/// </summary>
/// <param name="Direction">V, [outputs, inputs].</param>
internal sealed record WeightNormalizedLinear(TensorSpec Direction) : Operator
{
    private int Outputs => Direction.Shape[0];

    private int Inputs => Direction.Shape[1];

    public override TensorSpec[] Tensors => [Direction];

    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns != Inputs)
        {
            throw Refusal(inputs[0], $"[rows, {Inputs}]");
        }

        return new Shape(inputs[0].Rows, Outputs);
    }

    public override long WeightMultiplyAdds(Shape input) => (long)input.Rows * Inputs * Outputs;

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        double[] direction = tensor(Direction);
        return Build(x.GetLength(0), Outputs, (row, output) =>
        {
            ReadOnlySpan<double> v = direction.AsSpan(output * Inputs, Inputs);
            double product = 0;
            double squares = 0;
            for (int i = 0; i < v.Length; i++)
            {
                product += v[i] * x[row, i];
                squares += v[i] * v[i];
            }

            return product / Math.Max(Math.Sqrt(squares), NormalizeRows.Epsilon);
        });
    }
}
