using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Tests.Kernels;

[TestClass]
public class MapConvolutionTests
{
    /// <summary>Sums of up to 225 products up to 1, each rounded by 6e-8 of what has come together.</summary>
    private const double Tolerance = 2e-5;

    private const int Images = 3;

    // Matrices do not keep their memory.
    private readonly List<PinnedBuffer> _buffers = [];

    /// <summary>Maps of fewer places than are multiplied at a time, and of more; strides, and filters that are mostly outside.</summary>
    public static IEnumerable<object[]> Sizes() =>
    [
        [9, 5, 3, 1, 1, 7],
        [4, 17, 3, 1, 1, 64],
        [9, 6, 5, 1, 1, 33],
        [3, 14, 3, 2, 1, 5],
        [2, 1, 3, 1, 2, 1],
    ];

    [TestMethod]
    [DynamicData(nameof(Sizes))]
    public void A_convolution_is_what_filters_see_times_the_filters(int channels, int size, int kernel, int stride, int padding, int outputs)
    {
        var table = new ConvolutionTable(channels, size, kernel, stride, padding, IsImage: false);
        int places = table.PerSide * table.PerSide;
        int depth = table.Result.Columns;
        Matrix weight = Random(outputs, depth, 3);
        Matrix bias = Random(1, outputs, 4);
        foreach (int threads in new[] { 1, 3 })
        {
            var team = ThreadTeam.Get(threads);
            var convolution = new MapConvolution(team, table.Places(), table.Kernel * table.Kernel, table.Channels);
            var filters = PackedMatrix.OfLinearWeight(team, weight);
            foreach (Matrix x in new[]
            {
                Random(Images * table.Source.Rows, table.Channels, 1),
                Random(Images * table.Source.Rows, table.Channels + 3, 1).TakeColumns(2, table.Channels),
            })
            {
                double[,] seen = Seen(table, x);
                Matrix y = Random(Images * places, outputs + 1, 2).TakeColumns(1, outputs);
                double[,] products = Build(y.Rows, outputs, (row, output)
                    => PlainMath.Sum(depth, i => seen[row, i] * weight.Row(output)[i]));

                convolution.Forward(x, filters, y, Images, GemmEpilogue.AddBiasThenRelu(bias, outputs - 1));
                double[,] expected = Build(y.Rows, outputs, (row, output) => products[row, output] + bias.Row(0)[output]);
                Values.AreClose(
                    Build(y.Rows, outputs, (row, output) => output < outputs - 1 ? Math.Max(0, expected[row, output]) : expected[row, output]),
                    y, Tolerance, "with an epilogue");

                double[,] before = Values.Copy(y);
                convolution.Forward(x, filters, y, Images, default, accumulate: true);
                Values.AreClose(Build(y.Rows, outputs, (row, output) => before[row, output] + products[row, output]), y, Tolerance, "added");

                // From the middle of an image to that of another.
                int first = places / 2;
                Matrix some = Random(2 * places - first, depth, 5);
                convolution.Gather(x, first, some, Images);
                Values.AreClose(Build(some.Rows, depth, (row, i) => seen[first + row, i]), some, 0, "seen");
            }
        }

        GC.KeepAlive(_buffers);
    }

    /// <summary>What filters see, with all channels of a place together.</summary>
    private static double[,] Seen(ConvolutionTable table, Matrix x)
    {
        int[] seen = table.Places();
        int places = table.PerSide * table.PerSide;
        int taps = table.Kernel * table.Kernel;
        return Build(Images * places, taps * table.Channels, (row, i) =>
        {
            int place = seen[row % places * taps + i / table.Channels];
            return place < 0 ? 0 : x.Row(row / places * table.Source.Rows + place)[i % table.Channels];
        });
    }

    private static double[,] Build(int rows, int columns, Func<int, int, double> element)
    {
        double[,] result = new double[rows, columns];
        for (int i = 0; i < result.Length; i++)
        {
            result[i / columns, i % columns] = element(i / columns, i % columns);
        }

        return result;
    }

    private Matrix Random(int rows, int columns, int seed)
    {
        PinnedBuffer buffer = Values.Random(rows * columns, seed);
        _buffers.Add(buffer);
        return buffer.AsMatrix(rows, columns);
    }
}
