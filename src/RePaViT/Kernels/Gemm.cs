namespace RePaViT.Kernels;

/// <summary>
/// Matrix products on a team of threads. Every value of the result is one chain of multiply-adds in the order of the
/// common dimension, whatever the number of threads or rows.
/// </summary>
internal sealed unsafe class Gemm
{
    // Rows of a task: so many that a panel is used often while it is in cache, so few that the rows stay there too, and
    // that a packed block of them fits the stack.
    private const int RowsPerTask = 144;
    private const int TasksPerThread = 4;

    /// <summary>Rows that <see cref="MultiplyTall"/> takes at a time.</summary>
    public const int TallBlockRows = 512;

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _runTask;
    private Matrix _a;
    private bool _transposedA;
    private PackedMatrix _b = null!;
    private Matrix _c;
    private GemmEpilogue _epilogue;
    private bool _accumulate;
    private int _rowTasks;
    private int _rowsPerTask;
    private int _panelsPerTask;

    public Gemm(ThreadTeam team)
    {
        _team = team;
        _runTask = RunTask;
    }

    /// <summary>c = epilogue(a b), or epilogue(c + a b).</summary>
    /// <param name="a">[rows, depth], or [depth, rows] if transposed.</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="epilogue">What to do with each value at last; default: nothing.</param>
    /// <param name="accumulate">Whether to start from c.</param>
    /// <param name="transposedA">Whether a is stored transposed.</param>
    public void Multiply(
        Matrix a, PackedMatrix b, Matrix c, GemmEpilogue epilogue = default, bool accumulate = false, bool transposedA = false)
    {
        ThrowUnlessFit(a, b, c, transposedA);
        if (c.Rows == 0)
        {
            return;
        }

        (_a, _b, _c, _epilogue, _accumulate, _transposedA) = (a, b, c, epilogue, accumulate, transposedA);
        _rowTasks = (c.Rows + RowsPerTask - 1) / RowsPerTask;
        _rowsPerTask = RoundUp((c.Rows + _rowTasks - 1) / _rowTasks, GemmKernel.TileRows);
        _rowTasks = (c.Rows + _rowsPerTask - 1) / _rowsPerTask;
        int panels = (c.Columns + GemmKernel.PanelWidth - 1) / GemmKernel.PanelWidth;
        int columnTasks = Math.Clamp((_team.Size * TasksPerThread + _rowTasks - 1) / _rowTasks, 1, panels);
        _panelsPerTask = (panels + columnTasks - 1) / columnTasks;
        columnTasks = (panels + _panelsPerTask - 1) / _panelsPerTask;
        _team.Run(_rowTasks * columnTasks, _runTask);
        _b = null!;
    }

    /// <summary>
    /// c += a' b for tall factors: the gradient of a weight from the rows of a batch. Goes through the rows in blocks that
    /// are packed and used while they are in cache.
    /// </summary>
    /// <param name="a">[rows, outputs].</param>
    /// <param name="b">[rows, inputs].</param>
    /// <param name="c">[outputs, inputs].</param>
    /// <param name="scratch">Room for <see cref="TallBlockRows"/> rows of b.</param>
    /// <param name="accumulate">Whether to start from c, or from 0.</param>
    public void MultiplyTall(Matrix a, Matrix b, Matrix c, PackedMatrix scratch, bool accumulate)
    {
        for (int start = 0; start < a.Rows; start += TallBlockRows)
        {
            int rows = Math.Min(TallBlockRows, a.Rows - start);
            scratch.Pack(_team, b.TakeRows(start, rows), transposed: false);
            Multiply(a.TakeRows(start, rows), scratch, c, default, accumulate || start > 0, transposedA: true);
        }
    }

    /// <summary>c = a b or c += a b, for small products of which many run side by side.</summary>
    public static void MultiplyOnThisThread(
        Matrix a, PackedMatrix b, Matrix c, bool accumulate = false, bool transposedA = false)
    {
        ThrowUnlessFit(a, b, c, transposedA);
        for (int row = 0; row < c.Rows; row += RowsPerTask)
        {
            GemmKernel.Multiply(
                LeftFactor(a, row, transposedA), b.Panels, c.Data + (long)row * c.Stride, c.Stride,
                Math.Min(RowsPerTask, c.Rows - row), b.Depth, c.Columns, accumulate, default, 0);
        }
    }

    private static void ThrowUnlessFit(Matrix a, PackedMatrix b, Matrix c, bool transposedA)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(transposedA ? a.Columns : a.Rows, c.Rows, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(transposedA ? a.Rows : a.Columns, b.Depth, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Columns, c.Columns, nameof(b));
    }

    private static GemmKernel.Left LeftFactor(Matrix a, int row, bool transposed)
        => transposed
            ? new GemmKernel.Left(a.Data + row, 1, a.Stride)
            : new GemmKernel.Left(a.Data + (long)row * a.Stride, a.Stride, 1);

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;

    private void RunTask(int task, int worker)
    {
        int row = task % _rowTasks * _rowsPerTask;
        int rows = Math.Min(_rowsPerTask, _c.Rows - row);
        int column = task / _rowTasks * _panelsPerTask * GemmKernel.PanelWidth;
        int columns = Math.Min(_panelsPerTask * GemmKernel.PanelWidth, _c.Columns - column);
        GemmKernel.Multiply(
            LeftFactor(_a, row, _transposedA), _b.Panels + (long)column * _b.Depth, _c.Data + (long)row * _c.Stride + column, _c.Stride,
            rows, _b.Depth, columns, _accumulate, _epilogue, column);
    }
}
