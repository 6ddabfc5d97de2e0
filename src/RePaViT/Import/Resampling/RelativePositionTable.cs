using RePaViT.Data;

namespace RePaViT.Import.Resampling;

/// <summary>A table of relative positions for another window.</summary>
internal static class RelativePositionTable
{
    // Between neighbors, the distance grows by a factor in this range, found to this accuracy.
    private const double SmallestGrowth = 1.01;
    private const double LargestGrowth = 1.5;
    private const double Accuracy = 1e-6;

    /// <summary>How our names of such tables end.</summary>
    public const string NameEnd = ".relative_position_bias_table";

    /// <summary>Whether a table of one shape can become one of another.</summary>
    public static bool Fits(int[] stored, int[] needed)
        => stored is [int rows, int heads] && heads == needed[1] && SideOf(rows) is int side && side % 2 == 1 && side * side == rows;

    /// <summary>Rows of a table along one axis, 2 window - 1.</summary>
    public static int SideOf(int rows) => (int)Math.Sqrt(rows);

    /// <summary>
    /// Neighbors stay neighbors: old values are taken to be at distances 0, 1, 1 + q, 1 + q + q^2, ... with the q for which the
    /// last are the farthest of the new window, and new ones lie linearly between (BEiT's way, as timm does it).
    /// </summary>
    /// <param name="table">[(2 old window - 1)^2, heads].</param>
    /// <param name="from">2 old window - 1.</param>
    /// <param name="to">2 new window - 1.</param>
    /// <returns>[(2 new window - 1)^2, heads].</returns>
    public static float[] Resample(ReadOnlySpan<float> table, int from, int to)
    {
        double growth = Growth(from / 2, to / 2);
        double[] distances = new double[from / 2];
        double distance = 0;
        for (int i = 0; i < distances.Length; i++)
        {
            distance += Math.Pow(growth, i);
            distances[i] = distance;
        }

        double[] at = [.. distances.Reverse().Select(value => -value), 0, .. distances];
        double[] wanted = [.. Enumerable.Range(0, to).Select(place => (double)(place - to / 2))];
        return AxisTaps.Linear(at, wanted).Resample(table, from);
    }

    private static double Growth(int from, int to)
    {
        (double low, double high) = (SmallestGrowth, LargestGrowth);
        double growth = low;
        while (high - low > Accuracy)
        {
            growth = (low + high) / 2;
            if ((1 - Math.Pow(growth, from)) / (1 - growth) > to)
            {
                high = growth;
            }
            else
            {
                low = growth;
            }
        }

        return growth;
    }
}
