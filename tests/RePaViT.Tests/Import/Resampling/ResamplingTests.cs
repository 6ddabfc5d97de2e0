using RePaViT.Data;
using RePaViT.Import.Resampling;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import.Resampling;

/// <summary>
/// Values of PyTorch 2.6 and of timm's functions: <c>antialiased</c> is <c>resample_abs_pos_embed</c>, <c>cubic</c> is
/// <c>interpolate(mode="bicubic")</c> as transformers calls it, <c>window</c> is <c>resize_rel_pos_bias_table</c>. Their names end
/// with the side before and after.
/// </summary>
[TestClass]
public sealed class ResamplingTests
{
    private const int Channels = 3;
    private const int Prefix = 2;

    // PyTorch finds weights in 32 bits: a place near 20 is known to 2e-6, and weights change as fast as places.
    private const double Tolerance = 1e-5;

    private static readonly NamedTensors Golden = Safetensors.Read(Path.Combine(Fixture.Folder, "Resampling", "positions.safetensors")).Tensors;

    [TestMethod]
    [DataRow(4, 6)]
    [DataRow(6, 4)]
    [DataRow(5, 16)]
    [DataRow(14, 5)]
    [DataRow(7, 21)]
    [DataRow(1, 3)]
    [DataRow(3, 1)]
    public void Positions_are_those_of_PyTorch(int from, int to)
    {
        float[] patches = Golden[$"positions {from} {to}"].Data[(Prefix * Channels)..].ToArray();

        AssertSame($"antialiased {from} {to}", Prefix, AxisTaps.Antialiased(from, to).Resample(patches, from));
        AssertSame($"cubic {from} {to}", Prefix, AxisTaps.Cubic(from, to).Resample(patches, from));
    }

    [TestMethod]
    [DataRow(7, 12)]
    [DataRow(7, 5)]
    [DataRow(2, 3)]
    [DataRow(3, 2)]
    [DataRow(1, 2)]
    [DataRow(4, 1)]
    [DataRow(2, 8)]
    public void Tables_of_relative_positions_are_those_of_timm(int from, int to)
        => AssertSame(
            $"window {from} {to}", 0, RelativePositionTable.Resample(Golden[$"table {from} {to}"].Data, 2 * from - 1, 2 * to - 1));

    private static void AssertSame(string name, int rowsBefore, float[] actual)
    {
        double difference = Difference.Relative(Golden[name].Data[(rowsBefore * Channels)..], actual);
        Assert.IsTrue(difference <= Tolerance, $"{name}: {difference}");
    }
}
