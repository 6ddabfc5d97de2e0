namespace RePaViT.Operators;

/// <summary>
/// y = (x - mean) / sqrt(variance + eps) gamma + beta, with the statistics of all rows and columns of an image: group
/// normalization of one group.
/// </summary>
/// <param name="Gamma">[columns].</param>
/// <param name="Beta">[columns].</param>
/// <param name="Epsilon">Keeps images without variance finite.</param>
internal sealed record GroupNormalize(TensorSpec Gamma, TensorSpec Beta, float Epsilon) : Operator
{
    /// <summary>With the tensors <c>name.weight</c> and <c>name.bias</c>.</summary>
    public static GroupNormalize Named(string name, int columns, float epsilon) => new(
        new TensorSpec($"{name}.weight", TensorRole.Scale, columns), new TensorSpec($"{name}.bias", TensorRole.Bias, columns), epsilon);

    public override TensorSpec[] Tensors => [Gamma, Beta];

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Columns == Gamma.Length ? inputs[0] : throw Refusal(inputs[0], $"[rows, {Gamma.Length}]");

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        double[] values = [.. x.Cast<double>()];
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + Epsilon);
        double[] gamma = tensor(Gamma);
        double[] beta = tensor(Beta);
        return Build(x.GetLength(0), x.GetLength(1), (row, column) => (x[row, column] - mean) / deviation * gamma[column] + beta[column]);
    }
}
