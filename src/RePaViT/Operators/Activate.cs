namespace RePaViT.Operators;

/// <summary>A function that is applied to each element.</summary>
internal enum ActivationKind
{
    /// <summary>x Phi(x), with the error function itself.</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x / (1 + exp(-1.702 x)): GELU with a sigmoid in place of the normal distribution.</summary>
    QuickGelu,
}

/// <summary>y = [f(x[:, :k]), x[:, k:]]: the first columns pass through an activation, the others are idle.</summary>
/// <param name="Kind">f.</param>
/// <param name="Columns">k.</param>
internal sealed record Activate(ActivationKind Kind, int Columns) : Operator
{
    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns < Columns)
        {
            throw Refusal(inputs[0], $"at least {Columns} columns");
        }

        return inputs[0];
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] x = inputs[0];
        return Build(x.GetLength(0), x.GetLength(1), (row, column) => column < Columns ? Function(x[row, column]) : x[row, column]);
    }

    private double Function(double x) => Kind switch
    {
        ActivationKind.Gelu => PlainMath.Gelu(x),
        ActivationKind.QuickGelu => PlainMath.QuickGelu(x),
        ActivationKind.Relu => Math.Max(x, 0),
        _ => throw new NotSupportedException($"Activation {Kind} is not known."),
    };
}
