namespace RePaViT.Operators;

/// <summary>
/// Multi-head self-attention: for each head O = softmax(scale Q K' + B) V, of all rows of an image to each other, or of those
/// of each window. Queries, keys and values stand side by side, [rows, 3 dim], and the heads side by side in each.
/// </summary>
/// <param name="Heads">Number of heads.</param>
/// <param name="Scale">What products of queries and keys are multiplied by, before anything is added to them.</param>
/// <param name="Positions">The windows, and what B is; null for neither.</param>
internal sealed record Attend(int Heads, float Scale, RelativePositions? Positions = null) : Operator
{
    public override TensorSpec[] Tensors => Positions is null ? [] : [Positions.Table];

    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns % (3 * Heads) != 0)
        {
            throw Refusal(inputs[0], $"three times a multiple of {Heads} columns");
        }

        if (Positions is not null && inputs[0].Rows != Positions.Grid.Windows * Positions.Grid.Places)
        {
            throw Refusal(inputs[0], $"[{Positions.Grid.Windows * Positions.Grid.Places}, columns]");
        }

        return new Shape(inputs[0].Rows, inputs[0].Columns / 3);
    }

    /// <summary>Rows that attend to each other.</summary>
    public int RowsPerWindow(Shape input) => Positions?.Grid.Places ?? input.Rows;

    public override long AttentionMultiplyAdds(Shape input) => 2L * input.Rows * RowsPerWindow(input) * (input.Columns / 3);

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] qkv = inputs[0];
        int rows = qkv.GetLength(0);
        int dim = qkv.GetLength(1) / 3;
        int headDim = dim / Heads;
        int places = RowsPerWindow(new Shape(rows, 3 * dim));
        double[,] result = new double[rows, dim];
        double[] table = Positions is null ? [] : tensor(Positions.Table);
        int[] tableRows = Positions?.TableRows() ?? [];
        float[][] masks = Positions?.Masks() ?? [];
        int[] kinds = Positions?.Kinds() ?? [];
        for (int head = 0; head < Heads; head++)
        {
            int q = head * headDim;
            for (int row = 0; row < rows; row++)
            {
                (int window, int place) = Math.DivRem(row, places);
                double[] shares = PlainMath.Softmax([.. Enumerable.Range(0, places).Select(other => Score(row, window, place, other))]);
                for (int i = 0; i < headDim; i++)
                {
                    result[row, q + i] = PlainMath.Sum(places, other => shares[other] * qkv[window * places + other, 2 * dim + q + i]);
                }

                double Score(int row, int window, int place, int other)
                {
                    double product = Scale * PlainMath.Sum(headDim, i => qkv[row, q + i] * qkv[window * places + other, dim + q + i]);
                    return Positions is null
                        ? product
                        : product + table[tableRows[place * places + other] * Heads + head] + masks[kinds[window]][place * places + other];
                }
            }
        }

        return result;
    }
}
