using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>The columns "Features" of data.</summary>
internal static class Vectors
{
    public static float[][] Read(IDataView view) => [.. view.GetColumn<float[]>("Features")];

    /// <summary>Equal to the bit.</summary>
    public static void AreEqual(float[][] expected, float[][] actual) => AreEqual(expected, actual, tolerance: 0);

    /// <param name="expected">What there should be.</param>
    /// <param name="actual">What there is.</param>
    /// <param name="tolerance">The largest difference, in units of a vector's largest value.</param>
    public static void AreEqual(float[][] expected, float[][] actual, double tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        for (int row = 0; row < expected.Length; row++)
        {
            Assert.HasCount(expected[row].Length, actual[row]);
            double difference = expected[row].Zip(actual[row]).Max(pair => Math.Abs((double)pair.First - pair.Second));
            double largest = expected[row].Max(value => Math.Abs(value));
            Assert.IsTrue(difference <= tolerance * largest, $"Row {row} differs by {difference} of {largest}.");
        }
    }
}
