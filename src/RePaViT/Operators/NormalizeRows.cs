namespace RePaViT.Operators;

/// <summary>y = x / max(|x|, 1e-12), for each row: as PyTorch's <c>F.normalize</c>.</summary>
internal sealed record NormalizeRows : Operator
{
    /// <summary>The least length that a row is divided by.</summary>
    public const float Epsilon = 1e-12f;

    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs) => inputs[0];

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        int columns = x.GetLength(1);
        double[] length =
        [
            .. Enumerable.Range(0, x.GetLength(0)).Select(row
                => Math.Max(Math.Sqrt(Enumerable.Range(0, columns).Sum(column => x[row, column] * x[row, column])), Epsilon)),
        ];
        return Build(length.Length, columns, (row, column) => x[row, column] / length[row]);
    }
}
