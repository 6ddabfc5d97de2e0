using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>For each hidden channel, the line that fits its activation best: f(u) = slope u + shift + rest.</summary>
/// <param name="channels">Number of channels.</param>
/// <param name="team">The threads that compute.</param>
internal sealed class LineFit(int channels, ThreadTeam team)
{
    private const int ChannelsPerTask = 64;

    private readonly double[] _u = new double[channels];
    private readonly double[] _f = new double[channels];
    private readonly double[] _uu = new double[channels];
    private readonly double[] _uf = new double[channels];
    private readonly double[] _ff = new double[channels];
    private double _rows;

    /// <summary>Takes some rows in.</summary>
    /// <param name="u">[rows, channels].</param>
    /// <param name="activated">f(u), likewise.</param>
    /// <param name="weights">How often each row of an image counts.</param>
    public void Add(float[] u, float[] activated, float[] weights)
    {
        int rows = u.Length / channels;
        for (int row = 0; row < rows; row++)
        {
            _rows += weights[row % weights.Length];
        }

        team.Run((channels + ChannelsPerTask - 1) / ChannelsPerTask, (task, _) =>
        {
            int end = Math.Min((task + 1) * ChannelsPerTask, channels);
            for (int row = 0; row < rows; row++)
            {
                double weight = weights[row % weights.Length];
                for (int channel = task * ChannelsPerTask; channel < end; channel++)
                {
                    double x = u[row * channels + channel];
                    double y = activated[row * channels + channel];
                    _u[channel] += weight * x;
                    _f[channel] += weight * y;
                    _uu[channel] += weight * x * x;
                    _uf[channel] += weight * x * y;
                    _ff[channel] += weight * y * y;
                }
            }
        });
    }

    /// <summary>0 where u does not vary.</summary>
    public double Slope(int channel) => Variance(channel) > 0 ? Covariance(channel) / Variance(channel) : 0;

    public double Shift(int channel) => (_f[channel] - Slope(channel) * _u[channel]) / _rows;

    /// <summary>Variance of the rest: what no line explains.</summary>
    public double Rest(int channel)
        => Math.Max(0, _ff[channel] / _rows - Square(_f[channel] / _rows) - Slope(channel) * Covariance(channel));

    private double Variance(int channel) => _uu[channel] / _rows - Square(_u[channel] / _rows);

    private double Covariance(int channel) => _uf[channel] / _rows - _u[channel] / _rows * (_f[channel] / _rows);

    private static double Square(double value) => value * value;
}
