namespace RePaViT.Operators;

/// <summary>y[:, c] = scale[c] x[:, c].</summary>
/// <param name="Scale">[columns].</param>
internal sealed record ScaleColumns(TensorSpec Scale) : Operator
{
    public override TensorSpec[] Tensors => [Scale];

    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Columns == Scale.Length ? inputs[0] : throw Refusal(inputs[0], $"[rows, {Scale.Length}]");

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[] scale = tensor(Scale);
        return Build(inputs[0].GetLength(0), scale.Length, (row, column) => inputs[0][row, column] * scale[column]);
    }
}
