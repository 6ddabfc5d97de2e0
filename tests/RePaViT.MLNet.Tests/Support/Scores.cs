using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>What a row came out with.</summary>
internal sealed record Scores(uint PredictedLabel, float[] Score)
{
    public static Scores[] Read(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        return Read(cursor);
    }

    public static Scores[] Read(DataViewRowCursor cursor)
    {
        ValueGetter<uint> label = cursor.GetGetter<uint>(cursor.Schema["PredictedLabel"]);
        ValueGetter<VBuffer<float>> score = cursor.GetGetter<VBuffer<float>>(cursor.Schema["Score"]);
        var rows = new List<Scores>();
        uint key = 0;
        VBuffer<float> values = default;
        while (cursor.MoveNext())
        {
            label(ref key);
            score(ref values);
            rows.Add(new Scores(key, [.. values.DenseValues()]));
        }

        return [.. rows];
    }

    /// <summary>Equal to the bit.</summary>
    public static void AreEqual(IReadOnlyList<Scores> expected, IReadOnlyList<Scores> actual)
        => AreEqual(expected, actual, tolerance: 0);

    public static void AreEqual(IReadOnlyList<Scores> expected, IReadOnlyList<Scores> actual, double tolerance)
    {
        Assert.HasCount(expected.Count, actual);
        for (int row = 0; row < expected.Count; row++)
        {
            Assert.AreEqual(expected[row].PredictedLabel, actual[row].PredictedLabel, $"Row {row}");
            Assert.HasCount(expected[row].Score.Length, actual[row].Score);
            double difference = expected[row].Score.Zip(actual[row].Score).Max(pair => Math.Abs(pair.First - pair.Second));
            Assert.IsTrue(difference <= tolerance, $"Row {row} differs by {difference}, over {tolerance}.");
        }
    }
}
