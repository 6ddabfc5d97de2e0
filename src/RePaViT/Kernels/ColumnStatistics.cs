using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Sums, means and variances of columns over rows that come in chunks (see <see cref="RowChunks"/>), each from whatever
/// thread has it at hand.
/// </summary>
internal sealed unsafe class ColumnStatistics
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _addSums;
    private readonly Action<int, int> _addMoments;
    private readonly ScratchBuffer _sums = new();
    private readonly ScratchBuffer _squares = new();
    private double[] _totals = [];
    private Matrix _sumsOfChunks;
    private Matrix _squaresOfChunks;
    private Matrix _source;
    private int _rows;

    /// <param name="team">Threads to share the chunks of a whole matrix.</param>
    public ColumnStatistics(ThreadTeam team)
    {
        _team = team;
        _addSums = (chunk, _) => AddSums(chunk, _source.Chunk(chunk));
        _addMoments = (chunk, _) => AddMoments(chunk, _source.Chunk(chunk));
    }

    /// <summary>Adds the sums of the columns to a result.</summary>
    public void AddColumnSums(Matrix x, Span<float> result)
    {
        Begin(x.Rows, x.Columns);
        _source = x;
        _team.Run(RowChunks.Count(x.Rows), _addSums);
        AddTotalsTo(result);
    }

    /// <summary>Takes in all rows of a matrix, for <see cref="GetMoments"/>.</summary>
    public void GatherMoments(Matrix x)
    {
        Begin(x.Rows, x.Columns);
        _source = x;
        _team.Run(RowChunks.Count(x.Rows), _addMoments);
    }

    /// <summary>Makes room for chunks that a caller brings itself.</summary>
    public void Begin(int rows, int columns)
    {
        _rows = rows;
        _sumsOfChunks = _sums.AsMatrix(RowChunks.Count(rows), columns);
        _squaresOfChunks = _squares.AsMatrix(RowChunks.Count(rows), columns);
        if (_totals.Length < columns)
        {
            _totals = new double[columns];
        }
    }

    /// <summary>Takes in a chunk's sums. Safe for different chunks at once.</summary>
    public void AddSums(int chunk, Matrix rows)
    {
        Span<float> sums = _sumsOfChunks.Row(chunk);
        rows.Row(0).CopyTo(sums);
        for (int row = 1; row < rows.Rows; row++)
        {
            TensorPrimitives.Add(sums, rows.Row(row), sums);
        }
    }

    /// <summary>Takes in a chunk's means, and its squared deviations from them. Safe for different chunks at once.</summary>
    public void AddMoments(int chunk, Matrix rows)
    {
        AddSums(chunk, rows);
        Span<float> means = _sumsOfChunks.Row(chunk);
        Span<float> squares = _squaresOfChunks.Row(chunk);
        TensorPrimitives.Multiply(means, 1f / rows.Rows, means);
        squares.Clear();
        AddSquares(rows, means, squares);
    }

    /// <summary>Adds the sums over all chunks to a result.</summary>
    public void AddTotalsTo(Span<float> result)
    {
        Span<double> totals = SumOverChunks(weighted: false);
        for (int column = 0; column < result.Length; column++)
        {
            result[column] += (float)totals[column];
        }
    }

    /// <summary>
    /// Mean and variance (of the rows as they are, not an estimate) over all chunks, by the pairwise formula of Chan,
    /// Golub and LeVeque.
    /// </summary>
    public void GetMoments(Span<float> mean, Span<float> variance)
    {
        Span<double> totals = SumOverChunks(weighted: true);
        for (int column = 0; column < mean.Length; column++)
        {
            mean[column] = (float)(totals[column] / _rows);
        }

        totals.Clear();
        for (int chunk = 0; chunk < _sumsOfChunks.Rows; chunk++)
        {
            ReadOnlySpan<float> means = _sumsOfChunks.Row(chunk);
            ReadOnlySpan<float> squares = _squaresOfChunks.Row(chunk);
            int rows = RowsOf(chunk);
            for (int column = 0; column < mean.Length; column++)
            {
                double distance = (double)means[column] - mean[column];
                totals[column] += squares[column] + distance * distance * rows;
            }
        }

        for (int column = 0; column < variance.Length; column++)
        {
            variance[column] = (float)(totals[column] / _rows);
        }
    }

    private Span<double> SumOverChunks(bool weighted)
    {
        Span<double> totals = _totals.AsSpan(0, _sumsOfChunks.Columns);
        totals.Clear();
        for (int chunk = 0; chunk < _sumsOfChunks.Rows; chunk++)
        {
            ReadOnlySpan<float> sums = _sumsOfChunks.Row(chunk);
            int weight = weighted ? RowsOf(chunk) : 1;
            for (int column = 0; column < totals.Length; column++)
            {
                totals[column] += (double)sums[column] * weight;
            }
        }

        return totals;
    }

    private int RowsOf(int chunk) => Math.Min(RowChunks.Size, _rows - chunk * RowChunks.Size);

    private static void AddSquares(Matrix rows, ReadOnlySpan<float> means, Span<float> squares)
    {
        fixed (float* mean = means, sum = squares)
        {
            if (Lanes.AreWide)
            {
                AddSquares<WideLanes>(rows, mean, sum);
            }
            else
            {
                AddSquares<NativeLanes>(rows, mean, sum);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void AddSquares<T>(Matrix rows, float* means, float* squares)
        where T : struct, ILanes<T>
    {
        for (int row = 0; row < rows.Rows; row++)
        {
            float* x = rows.Data + (long)row * rows.Stride;
            int i = 0;
            for (; i <= rows.Columns - T.Count; i += T.Count)
            {
                T distance = T.Load(x + i) - T.Load(means + i);
                T.MultiplyAdd(distance, distance, T.Load(squares + i)).Store(squares + i);
            }

            for (; i < rows.Columns; i++)
            {
                float distance = x[i] - means[i];
                squares[i] += distance * distance;
            }
        }
    }
}
