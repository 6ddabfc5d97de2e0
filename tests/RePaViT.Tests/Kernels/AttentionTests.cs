using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class AttentionTests
{
    [TestMethod]
    [DataRow(1, 1, 1, 1)]
    [DataRow(2, 5, 3, 4)]
    [DataRow(3, 17, 2, 16)]
    [DataRow(1, 130, 2, 20)]
    public void Forward_and_backward_equal_plain_loops(int images, int tokens, int heads, int headDim)
    {
        const float Scale = 0.7f;
        int dim = heads * headDim;
        int rows = images * tokens;
        PinnedBuffer qkv = Values.Random((long)rows * 3 * dim, 1);
        PinnedBuffer dOutput = Values.Random((long)rows * dim, 2);
        var expected = new double[rows, dim];
        var expectedGradient = new double[rows, 3 * dim];
        double[,] values = Values.Copy(qkv.AsMatrix(rows, 3 * dim));
        double[,] gradients = Values.Copy(dOutput.AsMatrix(rows, dim));
        for (int image = 0; image < images; image++)
        {
            for (int head = 0; head < heads; head++)
            {
                double[,] none = new double[tokens, tokens];
                Plain(values, gradients, expected, expectedGradient, none, none, image * tokens, head * headDim, headDim, Scale);
            }
        }

        foreach (int threads in new[] { 1, 2 })
        {
            var attention = new Attention(ThreadTeam.Get(threads), tokens, heads, headDim, Scale, training: true);
            var output = new PinnedBuffer((long)rows * dim);
            PinnedBuffer dQkv = Values.Random((long)rows * 3 * dim, 3);
            attention.Forward(qkv.AsMatrix(rows, 3 * dim), output.AsMatrix(rows, dim));
            attention.Backward(
                qkv.AsMatrix(rows, 3 * dim), output.AsMatrix(rows, dim), dOutput.AsMatrix(rows, dim), dQkv.AsMatrix(rows, 3 * dim));

            // Values and gradients are sums of at most 130 products below 1.
            Values.AreClose(expected, output.AsMatrix(rows, dim), 3e-6, "output");
            Values.AreClose(expectedGradient, dQkv.AsMatrix(rows, 3 * dim), 3e-5, "gradient");
        }
    }

    [TestMethod]
    [DataRow(1, 1, 1, 1)]
    [DataRow(5, 4, 3, 2)]
    [DataRow(40, 16, 1, 32)]
    [DataRow(3, 49, 2, 5)]
    [DataRow(2, 130, 2, 20)]
    public void Each_window_has_the_bias_of_its_kind_and_the_table_gets_their_gradients(int windows, int tokens, int heads, int headDim)
    {
        const float Scale = 0.7f;
        const int TableRows = 7;
        int dim = heads * headDim;
        int rows = windows * tokens;
        PinnedBuffer qkv = Values.Random((long)rows * 3 * dim, 1);
        PinnedBuffer dOutput = Values.Random((long)rows * dim, 2);
        PinnedBuffer table = Values.Random(TableRows * heads, 3);
        int[] tableRows = [.. Enumerable.Range(0, tokens * tokens).Select(i => i * i % TableRows)];
        float[][] masks = [new float[tokens * tokens], Values.Random(tokens * tokens, 4).Span.ToArray()];
        var expected = new double[rows, dim];
        var expectedGradient = new double[rows, 3 * dim];
        double[] expectedTableGradient = new double[TableRows * heads];
        double[,] values = Values.Copy(qkv.AsMatrix(rows, 3 * dim));
        double[,] gradients = Values.Copy(dOutput.AsMatrix(rows, dim));
        for (int item = 0; item < windows * heads; item++)
        {
            (int window, int head) = Math.DivRem(item, heads);
            var bias = new double[tokens, tokens];
            var dBias = new double[tokens, tokens];
            for (int i = 0; i < tableRows.Length; i++)
            {
                bias[i / tokens, i % tokens] = table.Span[tableRows[i] * heads + head] + masks[window % 2][i];
            }

            Plain(values, gradients, expected, expectedGradient, bias, dBias, window * tokens, head * headDim, headDim, Scale);
            for (int i = 0; i < tableRows.Length; i++)
            {
                expectedTableGradient[tableRows[i] * heads + head] += dBias[i / tokens, i % tokens];
            }
        }

        foreach (int threads in new[] { 1, 2 })
        {
            var bias = new ScoreBias(heads, tableRows, masks, kinds: [0, 1]);
            bias.Set(table.Span);
            var attention = new Attention(ThreadTeam.Get(threads), tokens, heads, headDim, Scale, training: true, bias);
            var output = new PinnedBuffer((long)rows * dim);
            var dQkv = new PinnedBuffer((long)rows * 3 * dim);
            float[] tableGradient = new float[TableRows * heads];
            attention.Forward(qkv.AsMatrix(rows, 3 * dim), output.AsMatrix(rows, dim));
            for (int pass = 1; pass <= 2; pass++)
            {
                attention.Backward(
                    qkv.AsMatrix(rows, 3 * dim), output.AsMatrix(rows, dim), dOutput.AsMatrix(rows, dim), dQkv.AsMatrix(rows, 3 * dim));
                bias.AddGradient(attention, tableGradient);
            }

            // As above; the table's gradients are sums over all windows, added twice.
            Values.AreClose(expected, output.AsMatrix(rows, dim), 3e-6, "output");
            Values.AreClose(expectedGradient, dQkv.AsMatrix(rows, 3 * dim), 3e-5, "gradient");
            for (int i = 0; i < tableGradient.Length; i++)
            {
                Assert.IsTrue(Math.Abs(tableGradient[i] - 2 * expectedTableGradient[i]) <= 1e-4, $"{i} of the table's gradient");
            }
        }
    }

    private static void Plain(
        double[,] qkv, double[,] dOutput, double[,] output, double[,] dQkv, double[,] bias, double[,] dBias,
        int row, int column, int headDim, double scale)
    {
        int tokens = bias.GetLength(0);
        int dim = output.GetLength(1);
        for (int i = 0; i < tokens; i++)
        {
            double[] p = new double[tokens];
            for (int j = 0; j < tokens; j++)
            {
                double score = 0;
                for (int c = 0; c < headDim; c++)
                {
                    score += qkv[row + i, column + c] * qkv[row + j, dim + column + c];
                }

                p[j] = Math.Exp(scale * score + bias[i, j]);
            }

            double sum = p.Sum();
            double[] dP = new double[tokens];
            double inner = 0;
            for (int j = 0; j < tokens; j++)
            {
                p[j] /= sum;
                for (int c = 0; c < headDim; c++)
                {
                    output[row + i, column + c] += p[j] * qkv[row + j, 2 * dim + column + c];
                    dQkv[row + j, 2 * dim + column + c] += p[j] * dOutput[row + i, column + c];
                    dP[j] += dOutput[row + i, column + c] * qkv[row + j, 2 * dim + column + c];
                }

                inner += p[j] * dP[j];
            }

            for (int j = 0; j < tokens; j++)
            {
                double dScaled = p[j] * (dP[j] - inner);
                double dScore = scale * dScaled;
                dBias[i, j] += dScaled;
                for (int c = 0; c < headDim; c++)
                {
                    dQkv[row + i, column + c] += dScore * qkv[row + j, dim + column + c];
                    dQkv[row + j, dim + column + c] += dScore * qkv[row + i, column + c];
                }
            }
        }
    }
}
