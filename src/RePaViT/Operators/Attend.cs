namespace RePaViT.Operators;

/// <summary>
/// Multi-head self-attention: for each head O = softmax(scale Q K') V, of all rows of an image to each other. Queries, keys
/// and values stand side by side, [rows, 3 dim], and the heads side by side in each.
/// </summary>
/// <param name="Heads">Number of heads.</param>
/// <param name="Scale">What products of queries and keys are multiplied with, before anything is added to them.</param>
internal sealed record Attend(int Heads, float Scale) : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0].Columns % (3 * Heads) != 0)
        {
            throw Refusal(inputs[0], $"three times a multiple of {Heads} columns");
        }

        return new Shape(inputs[0].Rows, inputs[0].Columns / 3);
    }

    public override long AttentionMultiplyAdds(Shape input) => 2L * input.Rows * input.Rows * (input.Columns / 3);

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        double[,] qkv = inputs[0];
        int rows = qkv.GetLength(0);
        int dim = qkv.GetLength(1) / 3;
        int headDim = dim / Heads;
        double[,] result = new double[rows, dim];
        for (int head = 0; head < Heads; head++)
        {
            int q = head * headDim;
            for (int row = 0; row < rows; row++)
            {
                double[] shares = PlainMath.Softmax(
                    [.. Enumerable.Range(0, rows).Select(other => Scale * PlainMath.Sum(headDim, i => qkv[row, q + i] * qkv[other, dim + q + i]))]);
                for (int i = 0; i < headDim; i++)
                {
                    result[row, q + i] = PlainMath.Sum(rows, other => shares[other] * qkv[other, 2 * dim + q + i]);
                }
            }
        }

        return result;
    }
}
