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
                Plain(values, gradients, expected, expectedGradient, image * tokens, tokens, head * headDim, headDim, dim, Scale);
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

    private static void Plain(
        double[,] qkv, double[,] dOutput, double[,] output, double[,] dQkv,
        int row, int tokens, int column, int headDim, int dim, double scale)
    {
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

                p[j] = Math.Exp(scale * score);
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
                double dScore = scale * p[j] * (dP[j] - inner);
                for (int c = 0; c < headDim; c++)
                {
                    dQkv[row + i, column + c] += dScore * qkv[row + j, dim + column + c];
                    dQkv[row + j, dim + column + c] += dScore * qkv[row + i, column + c];
                }
            }
        }
    }
}
