namespace RePaViT.Kernels;

/// <summary>
/// The right-hand factor of a product, [depth, columns], cut into panels of <see cref="GemmKernel.PanelWidth"/> columns
/// that the kernel reads from beginning to end. The last panel is filled up with zeros.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly ScratchBuffer _panels = new();
    private readonly Action<int, int> _packPanel;
    private PinnedBuffer _current = null!;
    private Matrix _source;
    private bool _transposed;

    /// <summary>An empty factor; <see cref="Pack"/> fills it.</summary>
    public PackedMatrix() => _packPanel = (panel, _) => PackPanel(panel);

    public int Depth { get; private set; }

    public int Columns { get; private set; }

    /// <summary>Columns with those that fill up the last panel.</summary>
    public int PaddedColumns => GemmKernel.RoundUp(Columns, GemmKernel.PanelWidth);

    internal float* Panels => _current.Pointer;

    private int PanelCount => PaddedColumns / GemmKernel.PanelWidth;

    /// <summary>Packs the weight [outputs, inputs] of a linear layer for y = x W'.</summary>
    public static PackedMatrix OfLinearWeight(ThreadTeam team, Matrix weight)
    {
        var packed = new PackedMatrix();
        packed.Pack(team, weight, transposed: true);
        return packed;
    }

    /// <summary>Takes in new values; memory is kept from one time to the next.</summary>
    /// <param name="team">Threads to share the work; null to do it on this one.</param>
    /// <param name="source">The factor, or its transpose.</param>
    /// <param name="transposed">Whether the source is the transpose: its rows become columns.</param>
    public void Pack(ThreadTeam? team, Matrix source, bool transposed)
    {
        Depth = transposed ? source.Columns : source.Rows;
        Columns = transposed ? source.Rows : source.Columns;
        _source = source;
        _transposed = transposed;
        _current = _panels.EnsureLength(GemmKernel.PackedLength(Depth, Columns));
        if (team is not null)
        {
            team.Run(PanelCount, _packPanel);
            return;
        }

        for (int panel = 0; panel < PanelCount; panel++)
        {
            PackPanel(panel);
        }
    }

    private void PackPanel(int panel)
        => GemmPacking.PackPanel(_source, _transposed, panel, Panels + (long)panel * GemmKernel.PanelWidth * Depth);
}
