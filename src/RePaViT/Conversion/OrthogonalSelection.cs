using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// Chooses active channels one by one by orthogonal least squares: next comes the one that explains most of what z and the
/// channels chosen before leave unexplained of the target. Unlike a score of each channel by itself it knows that channels
/// can stand for each other.
/// </summary>
internal static class OrthogonalSelection
{
    private const int ChannelsPerTask = 32;

    /// <summary>The first channels, in the order in which they are chosen.</summary>
    /// <param name="features">[z, 1, f(u)] of all channels, and the target. Its Gram matrix is used up.</param>
    /// <param name="dim">Columns of z.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="count">How many to choose.</param>
    /// <param name="ridge">What is added to the diagonal, as a share of its mean.</param>
    /// <param name="team">The threads that compute.</param>
    public static int[] Choose(FeatureRows features, int dim, int channels, int count, double ridge, ThreadTeam team)
    {
        GramMatrix gram = features.Gram;
        int size = gram.Size;
        double[] values = gram.Values;
        gram.AddRidge(0, dim, ridge);
        gram.AddRidge(dim + 1, channels, ridge);
        var factor = new CholeskyFactor(values, size, team);
        factor.Factor(dim + 1);
        factor.Complement(dim + 1);

        // Covariances with the target that are not explained yet, for each channel, and the variance of each that is not. All of
        // the former is read and written for every choice: floats take half the time, and are exact enough to compare by.
        float[][] left = new float[channels][];
        double[] squares = new double[channels];
        double[] variances = new double[channels];
        team.Run(channels, (channel, _) =>
        {
            left[channel] = new float[dim];
            for (int i = 0; i < dim; i++)
            {
                left[channel][i] = (float)values[(dim + 1 + channels + i) * size + dim + 1 + channel];
            }

            squares[channel] = TensorPrimitives.SumOfSquares<float>(left[channel]);
            variances[channel] = values[(dim + 1 + channel) * (size + 1)];
        });

        // Row j of L, column by column as they come.
        float[] rows = new float[channels * count];
        int[] order = new int[count];
        bool[] taken = new bool[channels];
        for (int step = 0; step < count; step++)
        {
            int best = -1;
            for (int channel = 0; channel < channels; channel++)
            {
                if (!taken[channel] && (best < 0 || squares[channel] * variances[best] > squares[best] * variances[channel]))
                {
                    best = channel;
                }
            }

            order[step] = best;
            taken[best] = true;
            double deviation = Math.Sqrt(variances[best]);
            float[] direction = Array.ConvertAll(left[best], value => (float)(value / deviation));
            int done = step;
            team.Run((channels + ChannelsPerTask - 1) / ChannelsPerTask, (task, _) =>
            {
                int end = Math.Min((task + 1) * ChannelsPerTask, channels);
                for (int channel = task * ChannelsPerTask; channel < end; channel++)
                {
                    (int low, int high) = (Math.Min(channel, best), Math.Max(channel, best));
                    double covariance = values[(dim + 1 + high) * size + dim + 1 + low] - TensorPrimitives.Dot<float>(
                        rows.AsSpan(channel * count, done), rows.AsSpan(best * count, done));
                    double part = channel == best ? deviation : covariance / deviation;
                    rows[channel * count + done] = (float)part;
                    if (!taken[channel])
                    {
                        variances[channel] -= part * part;
                        TensorPrimitives.MultiplyAdd(direction, (float)-part, left[channel], left[channel]);
                        squares[channel] = TensorPrimitives.SumOfSquares<float>(left[channel]);
                    }
                }
            });
        }

        return order;
    }
}
