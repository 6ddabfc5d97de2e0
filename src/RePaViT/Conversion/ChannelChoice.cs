using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>Which hidden channels of a layer stay active.</summary>
internal static class ChannelChoice
{
    private const double Ridge = 1e-4;

    /// <summary>The images that are looked at.</summary>
    public static RowDemand Demand => new(RowsPerUnknown: 15, MinRows: 1 << 14);

    /// <summary>The channels, ascending, and the lines of all.</summary>
    /// <param name="source">The layer.</param>
    /// <param name="count">How many stay active.</param>
    /// <param name="images">What enters and what should leave.</param>
    /// <param name="team">The threads that compute.</param>
    /// <exception cref="ArithmeticException">The network computes values that are no numbers.</exception>
    public static (int[] Active, LineFit Lines) Choose(HiddenLayer source, int count, BlockImages images, ThreadTeam team)
    {
        var lines = new LineFit(source.Hidden, team);
        FeatureRows? features = count == 0 || count == source.Hidden
            ? null
            : new FeatureRows(source.Dim, source.Hidden, images.RowWeights, team);
        images.ForEach(
            (number, x, y) =>
            {
                float[] z = source.Normalize(x, number);
                float[] u = source.Expand(z, number);
                float[] activated = source.Activate(u, number);
                lines.Add(u, activated, images.RowWeights);
                features?.Add(z, activated, y, x);
            },
            Demand.Images(source.Layer, count));
        int[] active = features is null
            ? [.. Enumerable.Range(0, count)]
            : OrthogonalSelection.Choose(features, source.Dim, source.Hidden, count, Ridge, team);
        Array.Sort(active);
        return (active, lines);
    }

    /// <summary>
    /// What a layer loses by an idle channel if nothing else takes its place: the variance of its activation that no line
    /// explains, times the square of what reads it.
    /// </summary>
    public static double Loss(HiddenLayer source, LineFit lines, int channel)
    {
        double squares = 0;
        for (int row = 0; row < source.Dim; row++)
        {
            double output = source.OutputWeight[row * source.Hidden + channel];
            squares += output * output;
        }

        return lines.Rest(channel) * squares;
    }
}
