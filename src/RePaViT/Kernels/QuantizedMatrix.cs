using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// The right-hand factor of a product, [depth, columns], as 8-bit integers with one scale for each column: b = scale q,
/// q from -127 to 127. Cut into panels of <see cref="PanelWidth"/> columns; in a panel <see cref="DepthUnit"/> values of a
/// column follow each other, which is what one instruction multiplies and adds.
/// </summary>
internal sealed unsafe class QuantizedMatrix
{
    /// <summary>Columns of a panel: two registers of 32-bit sums.</summary>
    public const int PanelWidth = 16;

    /// <summary>Depth comes in these; the rest is filled up with zeros.</summary>
    public const int DepthUnit = 4;

    /// <summary>The greatest depth at which sums of products, at most 255 * 127 each, fit 32 bits.</summary>
    public const int MaxDepth = 1 << 16;

    /// <summary>The greatest magnitude of an integer, in either factor.</summary>
    public const float Greatest = 127;

    private readonly PinnedBuffer _values;
    private readonly PinnedBuffer _scales;
    private readonly PinnedBuffer _offsets;

    /// <summary>Rounds a factor.</summary>
    /// <param name="team">Threads to share the work.</param>
    /// <param name="source">The factor.</param>
    /// <param name="withoutIdentity">Whether to take the identity matrix from it before.</param>
    public QuantizedMatrix(ThreadTeam team, PackedMatrix source, bool withoutIdentity = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Depth, MaxDepth, nameof(source));
        (Depth, Columns) = (source.Depth, source.Columns);
        int columns = GemmKernel.RoundUp(Columns, PanelWidth);
        _values = new PinnedBuffer((long)columns * GemmKernel.RoundUp(Depth, DepthUnit) / sizeof(float));
        _scales = new PinnedBuffer(columns);
        _offsets = new PinnedBuffer(columns);
        PanelCount = columns / PanelWidth;
        team.Run(PanelCount, (panel, _) =>
        {
            float[] values = new float[Depth];
            for (int column = panel * PanelWidth; column < Math.Min((panel + 1) * PanelWidth, Columns); column++)
            {
                source.GetColumn(column, values);
                if (withoutIdentity)
                {
                    values[column] -= 1;
                }

                Quantize(values, column);
            }
        });
    }

    public int Depth { get; }

    public int Columns { get; }

    public int PanelCount { get; }

    /// <summary>The scale of each column, and of the padding 0.</summary>
    internal float* Scales => _scales.Pointer;

    /// <summary>-128 times the sum of each column's integers: what <see cref="QuantizedRows"/> adds to all of its own.</summary>
    internal int* Offsets => (int*)_offsets.Pointer;

    /// <summary>A panel: [depth / unit, width, unit].</summary>
    internal sbyte* Panel(int panel) => (sbyte*)_values.Pointer + (long)panel * PanelWidth * GemmKernel.RoundUp(Depth, DepthUnit);

    private void Quantize(ReadOnlySpan<float> values, int column)
    {
        float greatest = 0;
        foreach (float value in values)
        {
            greatest = Math.Max(greatest, Math.Abs(value));
        }

        float scale = greatest / Greatest;
        sbyte* to = Panel(column / PanelWidth) + column % PanelWidth * DepthUnit;
        int sum = 0;
        for (int k = 0; k < values.Length && float.IsNormal(scale); k++)
        {
            int rounded = (int)MathF.Round(values[k] / scale);
            to[k / DepthUnit * DepthUnit * PanelWidth + k % DepthUnit] = (sbyte)rounded;
            sum += rounded;
        }

        Scales[column] = scale;
        Offsets[column] = -QuantizedRows.Zero * sum;
    }
}
