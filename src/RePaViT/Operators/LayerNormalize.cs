namespace RePaViT.Operators;

/// <summary>y = (x - mean) / sqrt(variance + eps) gamma + beta, over the columns of each row.</summary>
/// <param name="Gamma">[columns]; null, with <paramref name="Beta"/>, where the affine part is folded into what follows.</param>
/// <param name="Beta">[columns], or null.</param>
/// <param name="Epsilon">Keeps rows without variance finite.</param>
internal sealed record LayerNormalize(TensorSpec? Gamma, TensorSpec? Beta, float Epsilon) : Operator
{
    /// <summary>With the tensors <c>name.weight</c> and <c>name.bias</c>.</summary>
    public static LayerNormalize Named(string name, int columns, float epsilon) => new(
        new TensorSpec($"{name}.weight", TensorRole.Scale, columns), new TensorSpec($"{name}.bias", TensorRole.Bias, columns), epsilon);

    /// <summary>Without an affine part.</summary>
    public static LayerNormalize Plain(float epsilon) => new(null, null, epsilon);

    public override TensorSpec[] Tensors => Gamma is null || Beta is null ? [] : [Gamma, Beta];

    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (Gamma is not null && inputs[0].Columns != Gamma.Length)
        {
            throw Refusal(inputs[0], $"[rows, {Gamma?.Length}]");
        }

        return inputs[0];
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        int columns = x.GetLength(1);
        double[] mean = new double[x.GetLength(0)];
        double[] deviation = new double[mean.Length];
        for (int row = 0; row < mean.Length; row++)
        {
            double[] values = [.. Enumerable.Range(0, columns).Select(column => x[row, column])];
            double average = values.Average();
            mean[row] = average;
            deviation[row] = Math.Sqrt(values.Average(value => (value - average) * (value - average)) + Epsilon);
        }

        double[]? gamma = Gamma is null ? null : tensor(Gamma);
        double[]? beta = Beta is null ? null : tensor(Beta);
        return Build(mean.Length, columns, (row, column)
            => (x[row, column] - mean[row]) / deviation[row] * (gamma?[column] ?? 1) + (beta?[column] ?? 0));
    }
}
