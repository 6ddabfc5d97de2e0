namespace RePaViT.Operators;

/// <summary>
/// The mean of each channel over a square window around each place of a map [size * size, channels]; places outside the map
/// do not count.
/// </summary>
/// <param name="Size">Width and height of the map.</param>
/// <param name="Window">Width and height of the window; odd.</param>
internal sealed record AveragePool(int Size, int Window) : Operator
{
    /// <summary>How far the window reaches to each side.</summary>
    public int Reach => Window / 2;

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
        => inputs[0].Rows == Size * Size ? inputs[0] : throw Refusal(inputs[0], $"[{Size * Size}, columns]");

    /// <summary>The places that the window around a place covers, both counted row by row.</summary>
    public IEnumerable<int> PlacesAround(int place)
    {
        (int line, int column) = Math.DivRem(place, Size);
        for (int y = Math.Max(0, line - Reach); y <= Math.Min(Size - 1, line + Reach); y++)
        {
            for (int x = Math.Max(0, column - Reach); x <= Math.Min(Size - 1, column + Reach); x++)
            {
                yield return y * Size + x;
            }
        }
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
        => Build(Size * Size, inputs[0].GetLength(1), (row, column) => PlacesAround(row).Average(place => inputs[0][place, column]));
}
