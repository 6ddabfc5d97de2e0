using RePaViT.Data;
using RePaViT.Tests.Support;
using RePaViT.Training.Pretraining;

namespace RePaViT.Tests.Training.Pretraining;

[TestClass]
public sealed class PositionMapTests
{
    private const int Columns = 5;

    [TestMethod]
    [DataRow(2, 7, 3)]
    [DataRow(1, 4, 2)]
    [DataRow(0, 3, 3)]
    public void Tokens_stay_and_patches_are_resampled(int prefix, int from, int to)
    {
        var map = new PositionMap("positions", prefix, from, to);
        float[] table = RandomWeights.Floats((prefix + from * from) * Columns, seed: 1);
        float[] mapped = map.Map(new WeightTensor(table, 1, prefix + from * from, Columns)).ToArray();

        CollectionAssert.AreEqual(table[..(prefix * Columns)], mapped[..(prefix * Columns)]);
        float[] expected = AxisTaps.Cubic(from, to).Resample(table.AsSpan(prefix * Columns), from);
        Assert.IsLessThan(1e-6, Difference.Relative(expected, mapped.AsSpan(prefix * Columns)));
    }

    [TestMethod]
    public void The_way_back_is_the_transposed_map_and_adds()
    {
        var map = new PositionMap("positions", prefix: 1, from: 5, to: 2);
        float[] x = RandomWeights.Floats(26 * Columns, seed: 1);
        float[] dy = RandomWeights.Floats(5 * Columns, seed: 2);
        float[] y = new float[dy.Length];
        map.Forward(x, y);
        float[] dx = RandomWeights.Floats(x.Length, seed: 3);
        float[] before = [.. dx];
        map.Backward(dy, dx);

        // <dy, M x> = <M' dy, x>.
        double forward = y.Zip(dy, (a, b) => (double)a * b).Sum();
        double backward = x.Select((value, i) => (double)value * (dx[i] - before[i])).Sum();
        Assert.AreEqual(forward, backward, 1e-4);
        Assert.AreNotEqual(0, forward, 0.1);
    }
}
