using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// X'X of rows X that come in batches, [size, size], its lower triangle. Each batch is multiplied in floats and added in double
/// precision, so that what is lost does not grow with the number of rows.
/// </summary>
/// <param name="size">Columns of X.</param>
/// <param name="factors">The first columns, whose products with all are wanted. Those of the others with each other stay 0.</param>
/// <param name="team">The threads that compute.</param>
internal sealed class GramMatrix(int size, int factors, ThreadTeam team)
{
    private const int ColumnsPerBlock = 256;

    private readonly Gemm _gemm = new(team);
    private readonly PackedMatrix _packed = new();
    private readonly PinnedBuffer _product = new((long)size * size);

    /// <summary>Columns of X.</summary>
    public int Size => size;

    /// <summary>[size, size], row by row.</summary>
    public double[] Values { get; } = new double[checked(size * size)];

    /// <summary>Adds the products of some rows.</summary>
    /// <param name="columns">The rows' columns, [size, rows]: a factor that is transposed would be packed for every panel again.</param>
    public void Add(Matrix columns)
    {
        Matrix product = _product.AsMatrix(size, size);
        for (int first = 0; first < factors; first += ColumnsPerBlock)
        {
            int count = Math.Min(ColumnsPerBlock, factors - first);
            _packed.Pack(team, columns.TakeRows(first, count), transposed: true);
            _gemm.Multiply(
                columns.TakeRows(first, size - first), _packed, product.TakeRows(first, size - first).TakeColumns(first, count));
        }

        team.Run(size, (row, _) =>
        {
            Span<double> sums = Values.AsSpan(row * size, Math.Min(row + 1, factors));
            ReadOnlySpan<float> products = product.Row(row)[..sums.Length];
            for (int column = 0; column < sums.Length; column++)
            {
                sums[column] += products[column];
            }
        });
        GC.KeepAlive(_product);
    }

    /// <summary>Adds a share of the mean of some elements of the diagonal to each of them.</summary>
    public void AddRidge(int first, int count, double share)
    {
        double sum = 0;
        for (int i = first; i < first + count; i++)
        {
            sum += Values[i * size + i];
        }

        for (int i = first; i < first + count; i++)
        {
            Values[i * size + i] += share * sum / count;
        }
    }
}
