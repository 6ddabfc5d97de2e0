namespace RePaViT.Operators;

/// <summary>
/// y = (x - mean) / sqrt(variance + eps) gamma + beta, for each column: in training with the statistics of all rows of the
/// batch, which also move the running ones, and afterwards with the running statistics.
/// </summary>
/// <param name="Gamma">[columns].</param>
/// <param name="Beta">[columns].</param>
/// <param name="Mean">The running mean, [columns].</param>
/// <param name="Variance">The running variance, [columns].</param>
/// <param name="Epsilon">Keeps columns without variance finite.</param>
internal sealed record BatchNormalize(
    TensorSpec Gamma, TensorSpec Beta, TensorSpec Mean, TensorSpec Variance, float Epsilon) : Operator
{
    /// <summary>The share of a batch in the running statistics: PyTorch's default, which the reference keeps.</summary>
    public const float Momentum = 0.1f;

    /// <summary>With the tensors <c>name.weight</c>, <c>name.bias</c>, <c>name.running_mean</c> and <c>name.running_var</c>.</summary>
    public static BatchNormalize Named(string name, int columns, float epsilon) => new(
        new TensorSpec($"{name}.weight", TensorRole.Scale, columns),
        new TensorSpec($"{name}.bias", TensorRole.Bias, columns),
        new TensorSpec($"{name}.running_mean", TensorRole.RunningMean, columns),
        new TensorSpec($"{name}.running_var", TensorRole.RunningVariance, columns),
        epsilon);

    public int Columns => (int)Gamma.Length;

    public override TensorSpec[] Tensors => [Gamma, Beta, Mean, Variance];

    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns != Columns)
        {
            throw Refusal(inputs[0], $"[rows, {Columns}]");
        }

        return inputs[0];
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        double[] gamma = tensor(Gamma);
        double[] beta = tensor(Beta);
        double[] mean = tensor(Mean);
        double[] variance = tensor(Variance);
        return Build(x.GetLength(0), Columns, (row, column)
            => (x[row, column] - mean[column]) / Math.Sqrt(variance[column] + Epsilon) * gamma[column] + beta[column]);
    }
}
