namespace RePaViT.Kernels;

/// <summary>
/// How a product is shared: blocks of rows, each cut into runs of panels. Each thread gets rows of its own where there are
/// enough: they come from its cache, and the result stays there for the next step of a network, which splits its rows in
/// the same way.
/// </summary>
internal readonly struct GemmTasks
{
    /// <summary>
    /// Most rows of a task: so many that a panel is used often while it is in cache, so few that the rows stay there too, and
    /// that a packed block of them fits the stack.
    /// </summary>
    public const int MaxRows = 144;

    /// <summary>Tasks for each thread: enough that one which is done early can take over some of another's.</summary>
    public const int PerThread = 8;

    private const int MinRows = 48;

    private readonly int _rows;
    private readonly int _rowsPerTask;
    private readonly int _panels;
    private readonly int _panelsPerTask;
    private readonly int _columnTasks;

    /// <param name="rows">Rows of the result, at least 1.</param>
    /// <param name="rowUnit">Rows come in these, except for the last.</param>
    /// <param name="panels">Panels of the right-hand factor.</param>
    /// <param name="threads">Threads to share the work.</param>
    /// <param name="perThread">Tasks for each of them, at least.</param>
    public GemmTasks(int rows, int rowUnit, int panels, int threads, int perThread)
    {
        int rowTasks = (rows + MaxRows - 1) / MaxRows;
        if (rows >= threads * MinRows)
        {
            rowTasks = GemmKernel.RoundUp(rowTasks, threads);
        }

        _rows = rows;
        _rowsPerTask = GemmKernel.RoundUp((rows + rowTasks - 1) / rowTasks, rowUnit);
        rowTasks = (rows + _rowsPerTask - 1) / _rowsPerTask;
        _panels = panels;
        int columnTasks = Math.Clamp((threads * perThread + rowTasks - 1) / rowTasks, 1, panels);
        _panelsPerTask = (panels + columnTasks - 1) / columnTasks;
        _columnTasks = (panels + _panelsPerTask - 1) / _panelsPerTask;
        Count = rowTasks * _columnTasks;
    }

    /// <summary>Number of tasks; those of the same rows follow each other.</summary>
    public int Count { get; }

    public (int First, int Count) Rows(int task)
    {
        int first = task / _columnTasks * _rowsPerTask;
        return (first, Math.Min(_rowsPerTask, _rows - first));
    }

    public (int First, int Count) Panels(int task)
    {
        int first = task % _columnTasks * _panelsPerTask;
        return (first, Math.Min(_panelsPerTask, _panels - first));
    }
}
