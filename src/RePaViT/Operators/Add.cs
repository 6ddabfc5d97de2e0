namespace RePaViT.Operators;

/// <summary>y = a + scale DropPath(b). In training a residual branch is left out at random, image by image.</summary>
/// <param name="DropPath">Where in the network the branch is; null for a sum that is never left out.</param>
/// <param name="Scale">What b is multiplied by.</param>
internal sealed record Add(DropPathPosition? DropPath, float Scale = 1) : Operator
{
    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[1] != inputs[0])
        {
            throw Refusal(inputs[1], $"{inputs[0]}, the shape of the other,");
        }

        return inputs[0];
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
        => Build(
            inputs[0].GetLength(0), inputs[0].GetLength(1), (row, column) => inputs[0][row, column] + Scale * inputs[1][row, column]);
}

/// <summary>How deep in a network a residual branch is, which says how often training leaves it out.</summary>
/// <param name="Block">Its block, counted from 0.</param>
/// <param name="Blocks">Number of blocks.</param>
internal readonly record struct DropPathPosition(int Block, int Blocks)
{
    /// <summary>Where the rate is the greatest, whatever the depth.</summary>
    public static DropPathPosition Deepest { get; } = new(1, 2);

    /// <summary>The probability of being left out; rises linearly from 0 in the first block to the greatest in the last.</summary>
    /// <param name="greatest">The last block's, in [0, 1).</param>
    public double RateOf(double greatest) => Blocks > 1 ? greatest * Block / (Blocks - 1) : 0;
}
