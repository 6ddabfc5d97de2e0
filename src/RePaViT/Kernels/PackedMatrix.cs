using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// The right-hand factor of a product, [depth, columns], cut into panels of <see cref="GemmKernel.PanelWidth"/> columns
/// that the kernel reads from beginning to end. The last panel is filled up with zeros. Factors can share panels.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly Action<int, int> _packPanel;
    private readonly ScratchBuffer _scratch = new();
    private PackedPanel[] _panels = [];
    private Matrix _source;
    private bool _transposed;

    /// <summary>An empty factor; <see cref="Pack"/> fills it.</summary>
    public PackedMatrix() => _packPanel = (panel, _) => GemmPacking.PackPanel(_source, _transposed, panel, Panel(panel));

    /// <summary>A factor of zeros; <see cref="SetRows"/> fills it.</summary>
    public PackedMatrix(int depth, int columns)
        : this() => Resize(depth, columns);

    private PackedMatrix(int depth, int columns, PackedPanel[] panels)
        : this() => (Depth, Columns, _panels) = (depth, columns, panels);

    public int Depth { get; private set; }

    public int Columns { get; private set; }

    /// <summary>Columns with those that fill up the last panel.</summary>
    public int PaddedColumns => GemmKernel.RoundUp(Columns, GemmKernel.PanelWidth);

    internal ReadOnlySpan<PackedPanel> Panels => _panels.AsSpan(0, PanelCount);

    private int PanelCount => PaddedColumns / GemmKernel.PanelWidth;

    /// <summary>Packs the weight [outputs, inputs] of a linear layer for y = x W'.</summary>
    public static PackedMatrix OfLinearWeight(ThreadTeam team, Matrix weight)
    {
        var packed = new PackedMatrix();
        packed.Pack(team, weight, transposed: true);
        return packed;
    }

    /// <summary>The same of a weight that may move in memory.</summary>
    public static PackedMatrix OfLinearWeight(ThreadTeam team, ReadOnlySpan<float> weight, int outputs)
    {
        int inputs = weight.Length / outputs;
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)outputs * inputs, weight.Length, nameof(outputs));
        fixed (float* data = weight)
        {
            return OfLinearWeight(team, new Matrix(data, outputs, inputs, inputs));
        }
    }

    /// <summary>The weight [outputs, inputs] that <see cref="OfLinearWeight(ThreadTeam, Matrix)"/> packs to this.</summary>
    public float[] ToLinearWeight()
    {
        float[] weight = new float[checked(Columns * Depth)];
        for (int output = 0; output < Columns; output++)
        {
            GetColumn(output, weight.AsSpan(output * Depth, Depth));
        }

        return weight;
    }

    /// <summary>Two factors of the same depth as one. They are copied if the left one does not end with a panel.</summary>
    public static PackedMatrix SideBySide(PackedMatrix left, PackedMatrix right)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Depth, left.Depth, nameof(right));
        int columns = left.Columns + right.Columns;
        if (left.Columns == left.PaddedColumns)
        {
            return new(left.Depth, columns, [.. left.Panels, .. right.Panels]);
        }

        var both = new PackedMatrix(left.Depth, columns);
        both.SetColumns(0, left, 0, left.Columns);
        both.SetColumns(left.Columns, right, 0, right.Columns);
        return both;
    }

    /// <summary>Some of the columns. They are copied unless they begin with a panel and end with one, or at the end.</summary>
    public PackedMatrix TakeColumns(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)Columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(Columns - start));
        int width = GemmKernel.PanelWidth;
        if (start % width == 0 && (count % width == 0 || start + count == Columns))
        {
            int first = start / width;
            return new(Depth, count, Panels[first..(first + GemmKernel.RoundUp(count, width) / width)].ToArray());
        }

        var part = new PackedMatrix(Depth, count);
        part.SetColumns(0, this, start, count);
        return part;
    }

    /// <summary>Takes in new values; memory is kept from one time to the next.</summary>
    /// <param name="team">Threads to share the work; null to do it on this one.</param>
    /// <param name="source">The factor, or its transpose.</param>
    /// <param name="transposed">Whether the source is the transpose: its rows become columns.</param>
    public void Pack(ThreadTeam? team, Matrix source, bool transposed)
    {
        Resize(transposed ? source.Columns : source.Rows, transposed ? source.Rows : source.Columns);
        _source = source;
        _transposed = transposed;
        if (team is not null)
        {
            team.Run(PanelCount, _packPanel);
            return;
        }

        for (int panel = 0; panel < PanelCount; panel++)
        {
            _packPanel(panel, 0);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Sets some rows; the padding stays as it is.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="rows">[rows, columns].</param>
    public void SetRows(int first, ReadOnlySpan<float> rows)
    {
        int count = rows.Length / Columns;
        ArgumentOutOfRangeException.ThrowIfNotEqual((long)count * Columns, rows.Length, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)first, (uint)Depth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Depth - first, nameof(rows));
        int width = GemmKernel.PanelWidth;
        fixed (float* from = rows)
        {
            for (int panel = 0; panel < PanelCount; panel++)
            {
                int column = panel * width;
                GemmPacking.CopyToPanel(
                    from + column, Columns, count, Math.Min(width, Columns - column), Panel(panel) + (long)first * width);
            }
        }

        GC.KeepAlive(this);
    }

    /// <summary>Copies a column out, [depth].</summary>
    public void GetColumn(int column, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Columns, nameof(column));
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, Depth, nameof(values));
        int width = GemmKernel.PanelWidth;
        float* from = Panel(column / width) + column % width;
        for (int k = 0; k < Depth; k++)
        {
            values[k] = from[(long)k * width];
        }

        GC.KeepAlive(this);
    }

    private float* Panel(int panel) => _panels[panel].Data;

    private void Resize(int depth, int columns)
    {
        Depth = depth;
        Columns = columns;
        PinnedBuffer buffer = _scratch.EnsureLength(GemmKernel.PackedLength(depth, columns));
        if (_panels.Length < PanelCount)
        {
            _panels = new PackedPanel[PanelCount];
        }

        for (int panel = 0; panel < PanelCount; panel++)
        {
            _panels[panel] = new PackedPanel(buffer, (nint)(buffer.Pointer + (long)panel * GemmKernel.PanelWidth * depth));
        }
    }

    private void SetColumns(int start, PackedMatrix source, int first, int count)
    {
        int width = GemmKernel.PanelWidth;
        for (int i = 0; i < count; i++)
        {
            float* to = Panel((start + i) / width) + (start + i) % width;
            float* from = source.Panel((first + i) / width) + (first + i) % width;
            GemmPacking.CopyRows(from, width, Depth, 1, to, width);
        }

        GC.KeepAlive(source);
    }
}

/// <summary>
/// Columns of a factor, [depth, <see cref="GemmKernel.PanelWidth"/>]. Not a record: that would print its pointer, which NativeAOT
/// cannot compile.
/// </summary>
/// <param name="owner">Keeps the memory.</param>
/// <param name="address">Where it is.</param>
internal readonly struct PackedPanel(PinnedBuffer owner, nint address)
{
    public PinnedBuffer Owner => owner;

    public nint Address => address;

    public unsafe float* Data => (float*)address;
}
