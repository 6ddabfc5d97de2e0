using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Matrix products on a team of threads. Every value of the result is one chain of multiply-adds in the order of the
/// common dimension, whatever the number of threads or rows.
/// </summary>
internal sealed unsafe class Gemm
{
    // Each task packs a transposed factor again: columns are split only where there are fewer blocks of rows than threads.
    private const int TasksPerThreadIfTransposed = 1;

    // Rows of a tall factor that are packed at a time.
    private const int RowsPerBlock = 8 * GemmKernel.DepthPerPass;

    // Rows come in these, the second tile, which leaves single rows to the last task alone.
    private static readonly int RowUnit = GemmTiles.Height(GemmKernel.TileRows - 1);

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _runTask;
    private Matrix _a;
    private bool _transposedA;
    private PackedMatrix _b = null!;
    private Matrix _c;
    private GemmEpilogue _epilogue;
    private bool _accumulate;
    private GemmTasks _tasks;

    public Gemm(ThreadTeam team)
    {
        _team = team;
        _runTask = RunTask;
    }

    /// <summary>c = epilogue(a b), or epilogue(c + a b).</summary>
    /// <param name="a">[rows, depth], or [depth, rows] if transposed.</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="epilogue">What to do with each value at the end; default: nothing, and so it must be if a is transposed.</param>
    /// <param name="accumulate">Whether to start from c.</param>
    /// <param name="transposedA">Whether a is stored transposed.</param>
    public void Multiply(
        Matrix a, PackedMatrix b, Matrix c, GemmEpilogue epilogue = default, bool accumulate = false, bool transposedA = false)
    {
        ThrowUnlessFit(a, b, c, epilogue, transposedA);
        if (c.Rows == 0 || c.Columns == 0)
        {
            return;
        }

        (_a, _b, _c, _epilogue, _accumulate, _transposedA) = (a, b, c, epilogue, accumulate, transposedA);
        _tasks = new GemmTasks(
            c.Rows, RowUnit, b.Panels.Length, _team.Size, transposedA ? TasksPerThreadIfTransposed : GemmTasks.PerThread);
        _team.Run(_tasks.Count, _runTask);
        _b = null!;
    }

    /// <summary>
    /// c += a' b for tall factors: the gradient of a weight from the rows of a batch. Goes through the rows in blocks that
    /// are packed and used while they are in cache.
    /// </summary>
    /// <param name="a">[rows, outputs].</param>
    /// <param name="b">[rows, inputs].</param>
    /// <param name="c">[outputs, inputs].</param>
    /// <param name="scratch">Room for a block of b.</param>
    /// <param name="accumulate">Whether to start from c, or from 0.</param>
    public void MultiplyTall(Matrix a, Matrix b, Matrix c, PackedMatrix scratch, bool accumulate)
    {
        for (int start = 0; start < a.Rows; start += RowsPerBlock)
        {
            int rows = Math.Min(RowsPerBlock, a.Rows - start);
            scratch.Pack(_team, b.TakeRows(start, rows), transposed: false);
            Multiply(a.TakeRows(start, rows), scratch, c, default, accumulate || start > 0, transposedA: true);
        }
    }

    /// <summary>
    /// c = epilogue(a b), or epilogue(c + a b), for small products of which many run side by side. c may have the padding of
    /// b too, where the product is 0.
    /// </summary>
    public static void MultiplyOnThisThread(
        Matrix a, PackedMatrix b, Matrix c, GemmEpilogue epilogue = default, bool accumulate = false, bool transposedA = false)
    {
        ThrowUnlessFit(a, b, c.Columns == b.PaddedColumns ? c.TakeColumns(0, b.Columns) : c, epilogue, transposedA);
        for (int row = 0; row < c.Rows; row += GemmTasks.MaxRows)
        {
            Matrix rows = c.TakeRows(row, Math.Min(GemmTasks.MaxRows, c.Rows - row));
            Multiply(a, row, transposedA, b, 0, rows, accumulate, epilogue);
        }
    }

    private static void ThrowUnlessFit(Matrix a, PackedMatrix b, Matrix c, GemmEpilogue epilogue, bool transposedA)
    {
        if (transposedA && epilogue.Bias != null)
        {
            throw new ArgumentException("The product of a transposed factor has no epilogue.", nameof(epilogue));
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(transposedA ? a.Columns : a.Rows, c.Rows, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(transposedA ? a.Rows : a.Columns, b.Depth, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Columns, c.Columns, nameof(b));
    }

    /// <summary>A block of the result: from one row of a and one panel of b on, as large as c.</summary>
    private static void Multiply(
        Matrix a, int row, bool transposedA, PackedMatrix b, int panel, Matrix c, bool accumulate, GemmEpilogue epilogue)
    {
        ReadOnlySpan<PackedPanel> panels = b.Panels[panel..];
        if (!transposedA)
        {
            var left = new GemmKernel.Left(a.Data + (long)row * a.Stride, a.Stride, 1);
            GemmKernel.Multiply(left, panels, 0, c.Data, c.Stride, c.Rows, b.Depth, c.Columns, accumulate, epilogue);
            return;
        }

        // As much of the common dimension at a time as is packed on the stack.
        for (int first = 0; first == 0 || first < b.Depth; first += GemmKernel.DepthPerPass)
        {
            int depth = Math.Min(GemmKernel.DepthPerPass, b.Depth - first);
            var left = new GemmKernel.Left(a.Data + (long)first * a.Stride + row, 1, a.Stride);
            GemmKernel.Multiply(
                left, panels, first, c.Data, c.Stride, c.Rows, depth, c.Columns, accumulate || first > 0, default);
        }
    }

    private void RunTask(int task, int worker)
    {
        (int row, int rows) = _tasks.Rows(task);
        (int panel, int panels) = _tasks.Panels(task);
        int column = panel * GemmKernel.PanelWidth;
        int columns = Math.Min(panels * GemmKernel.PanelWidth, _c.Columns - column);
        Multiply(
            _a, row, _transposedA, _b, panel, _c.TakeRows(row, rows).TakeColumns(column, columns), _accumulate,
            _epilogue.Skip(column));
    }
}
