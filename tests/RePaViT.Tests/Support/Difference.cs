namespace RePaViT.Tests.Support;

/// <summary>How far results are from what they should be.</summary>
internal static class Difference
{
    /// <summary>
    /// The largest difference, relative to the largest magnitude expected, or to the smallest magnitude that counts. NaN
    /// where a value is not a number.
    /// </summary>
    public static double Relative(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double smallestMagnitude = 0)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        double magnitude = smallestMagnitude;
        double difference = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            magnitude = Math.Max(magnitude, Math.Abs(expected[i]));
            difference = Math.Max(difference, Math.Abs(actual[i] - expected[i]));
        }

        return magnitude == 0 ? difference : difference / magnitude;
    }

    public static double Relative(IReadOnlyList<double> expected, ReadOnlySpan<float> actual, double smallestMagnitude = 0)
        => Relative(expected, Array.ConvertAll(actual.ToArray(), value => (double)value), smallestMagnitude);

    public static double Relative(ReadOnlySpan<float> expected, IReadOnlyList<double> actual, double smallestMagnitude = 0)
        => Relative(Array.ConvertAll(expected.ToArray(), value => (double)value), actual, smallestMagnitude);

    public static double Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double smallestMagnitude = 0)
        => Relative(Array.ConvertAll(expected.ToArray(), value => (double)value), actual, smallestMagnitude);
}
