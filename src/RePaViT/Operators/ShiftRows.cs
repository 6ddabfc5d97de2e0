namespace RePaViT.Operators;

/// <summary>y[r, :] = x[r, :] + shift[r], the same for each image.</summary>
/// <param name="Shift">[rows].</param>
internal sealed record ShiftRows(TensorSpec Shift) : Operator
{
    public override TensorSpec[] Tensors => [Shift];

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Rows == Shift.Length ? inputs[0] : throw Refusal(inputs[0], $"[{Shift.Length}, columns]");

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[] shift = tensor(Shift);
        return Build(shift.Length, inputs[0].GetLength(1), (row, column) => inputs[0][row, column] + shift[row]);
    }
}
