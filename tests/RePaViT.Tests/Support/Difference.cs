namespace RePaViT.Tests.Support;

/// <summary>How far results are from what they should be.</summary>
internal static class Difference
{
    /// <summary>The largest difference, relative to the largest magnitude expected. NaN where a value is not a number.</summary>
    public static double Relative(IReadOnlyList<double> expected, IReadOnlyList<double> actual)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        double magnitude = 0;
        double difference = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            magnitude = Math.Max(magnitude, Math.Abs(expected[i]));
            difference = Math.Max(difference, Math.Abs(actual[i] - expected[i]));
        }

        return magnitude == 0 ? difference : difference / magnitude;
    }

    public static double Relative(IReadOnlyList<double> expected, ReadOnlySpan<float> actual)
        => Relative(expected, Array.ConvertAll(actual.ToArray(), value => (double)value));

    public static double Relative(ReadOnlySpan<float> expected, IReadOnlyList<double> actual)
        => Relative(Array.ConvertAll(expected.ToArray(), value => (double)value), actual);

    public static double Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
        => Relative(Array.ConvertAll(expected.ToArray(), value => (double)value), actual);
}
