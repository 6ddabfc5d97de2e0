namespace RePaViT.Operators;

/// <summary>y = x W' + b, for each row.</summary>
/// <param name="Weight">W, [outputs, inputs]; a filter [outputs, channels, height, width] counts as one row for each output.</param>
/// <param name="Bias">b, [outputs]; null for none.</param>
internal sealed record Linear(TensorSpec Weight, TensorSpec? Bias) : Operator
{
    /// <summary>The tensors <c>name.weight</c> and <c>name.bias</c>.</summary>
    /// <param name="name">Their prefix.</param>
    /// <param name="inputs">Columns of x.</param>
    /// <param name="outputs">Columns of y.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="pointwise">Whether the weight is stored as a filter of one place.</param>
    public static Linear Named(string name, int inputs, int outputs, bool bias = true, bool pointwise = false) => new(
        pointwise
            ? new TensorSpec($"{name}.weight", TensorRole.Weight, outputs, inputs, 1, 1) { IsPointwise = true }
            : new TensorSpec($"{name}.weight", TensorRole.Weight, outputs, inputs),
        bias ? new TensorSpec($"{name}.bias", TensorRole.Bias, outputs) : null);

    /// <summary>Square filters with the tensors <c>name.weight</c> and <c>name.bias</c>.</summary>
    public static Linear OfFilters(string name, int channels, int outputs, int size, bool bias = true) => new(
        new TensorSpec($"{name}.weight", TensorRole.Weight, outputs, channels, size, size),
        bias ? new TensorSpec($"{name}.bias", TensorRole.Bias, outputs) : null);

    public int Outputs => Weight.Shape[0];

    public int Inputs => (int)(Weight.Length / Outputs);

    public override TensorSpec[] Tensors => Bias is null ? [Weight] : [Weight, Bias];

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
        double[] weight = tensor(Weight);
        double[] bias = Bias is null ? new double[Outputs] : tensor(Bias);
        int width = Inputs;
        return Build(x.GetLength(0), Outputs, (row, output) =>
        {
            double sum = bias[output];
            for (int i = 0; i < width; i++)
            {
                sum += weight[output * width + i] * x[row, i];
            }

            return sum;
        });
    }
}
