namespace RePaViT.Operators;

/// <summary>
/// MixToken (Jiang et al., arXiv 2104.10858, section 3.3): in training, the tokens in a box of a square map change places with
/// those of another image of the batch. Otherwise it does nothing.
/// </summary>
/// <param name="Side">Tokens along each side of the map.</param>
internal sealed record ExchangeTokens(int Side) : Operator
{
    public override bool IsRowWise => true;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Rows == Side * Side ? inputs[0] : throw Refusal(inputs[0], $"[{Side * Side}, columns]");

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor) => inputs[0];
}
