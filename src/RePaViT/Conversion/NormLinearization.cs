using RePaViT.Layers;
using RePaViT.Rewrites;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// The linear function that is nearest to a normalization on the calibration images, N(x) = P x + q: what hidden channels read
/// where no normalization is to stay.
/// </summary>
internal static class NormLinearization
{
    // Tokens may have channels that hardly vary.
    private const double Ridge = 1e-6;

    /// <summary>What a feed-forward layer does before its activation, without the normalization: W1 P and b1 + W1 q.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="images">What enters it.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <exception cref="ArithmeticException">The network computes values that are no numbers.</exception>
    public static (float[] Weight, float[] Bias) Fold(VanillaFeedForward layer, NamedTensors weights, BlockImages images, int? threads)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        var hidden = new HiddenLayer(layer, weights, keepsNorm: true, inner: null, threads);
        int dim = layer.Dim;
        var features = new FeatureRows(dim, channels: 0, images.RowWeights, team);
        images.ForEach((count, x, _) => features.Add(x, [], hidden.Normalize(x, count), new float[x.Length]));
        int size = features.Gram.Size;
        features.Gram.AddRidge(0, dim, Ridge);
        var factor = new CholeskyFactor(features.Gram.Values, size, team);
        factor.Factor(features.Unknowns);
        Memory<double> solution = features.Gram.Values.AsMemory(features.Unknowns * size);
        factor.SolveTransposed(features.Unknowns, solution, size);

        // One row for each column of P, and q.
        var transposed = new RowMatrix(dim + 1, dim);
        for (int row = 0; row < dim; row++)
        {
            for (int column = 0; column <= dim; column++)
            {
                transposed.Row(column)[row] = solution.Span[row * size + column];
            }
        }

        var inner = new RowMatrix(layer.Hidden, dim);
        for (int channel = 0; channel < layer.Hidden; channel++)
        {
            for (int i = 0; i < dim; i++)
            {
                inner.Row(channel)[i] = hidden.InnerWeight[channel * dim + i];
            }
        }

        double[] product = inner.TimesTransposed(transposed);
        float[] weight = new float[layer.Hidden * dim];
        float[] bias = new float[layer.Hidden];
        for (int channel = 0; channel < layer.Hidden; channel++)
        {
            ReadOnlySpan<double> row = product.AsSpan(channel * (dim + 1), dim + 1);
            for (int i = 0; i < dim; i++)
            {
                weight[channel * dim + i] = (float)row[i];
            }

            bias[channel] = (float)(hidden.InnerBias[channel] + row[dim]);
        }

        return (weight, bias);
    }
}
