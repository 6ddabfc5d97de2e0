namespace RePaViT.Kernels;

/// <summary>
/// The right-hand factor of a product, [depth, columns], cut into panels of <see cref="GemmKernel.PanelWidth"/> columns
/// that the kernel reads from beginning to end. The last panel is filled up with zeros.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly PinnedBuffer _panels;
    private Matrix _source;
    private bool _transposed;
    private readonly Action<int, int> _packPanel;

    /// <param name="maxDepth">Greatest number of rows.</param>
    /// <param name="maxColumns">Greatest number of columns.</param>
    public PackedMatrix(int maxDepth, int maxColumns)
    {
        _panels = new PinnedBuffer(GemmKernel.PackedLength(maxDepth, maxColumns));
        _packPanel = PackPanel;
    }

    public int Depth { get; private set; }

    public int Columns { get; private set; }

    internal float* Panels => _panels.Pointer;

    /// <summary>Packs the weight [outputs, inputs] of a linear layer for y = x W'.</summary>
    public static PackedMatrix OfLinearWeight(ThreadTeam team, Matrix weight)
    {
        var packed = new PackedMatrix(weight.Columns, weight.Rows);
        packed.Pack(team, weight, transposed: true);
        return packed;
    }

    /// <summary>Takes in new values.</summary>
    /// <param name="team">Threads to share the work.</param>
    /// <param name="source">The factor, or its transpose.</param>
    /// <param name="transposed">Whether the source is the transpose: its rows become columns.</param>
    public void Pack(ThreadTeam team, Matrix source, bool transposed)
    {
        Depth = transposed ? source.Columns : source.Rows;
        Columns = transposed ? source.Rows : source.Columns;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(GemmKernel.PackedLength(Depth, Columns), _panels.Length);
        _source = source;
        _transposed = transposed;
        team.Run((Columns + GemmKernel.PanelWidth - 1) / GemmKernel.PanelWidth, _packPanel);
    }

    private void PackPanel(int panel, int worker)
        => GemmKernel.PackPanel(_source, _transposed, panel, Panels + (long)panel * GemmKernel.PanelWidth * Depth);
}
