using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// A block of a matrix product on one thread: the loops around the register tiles of <see cref="GemmTiles"/>, over factors that
/// <see cref="GemmPacking"/> laid out for them.
/// </summary>
internal static unsafe class GemmKernel
{
    /// <summary>A panel of this depth stays in the first-level cache while all rows of a task go by.</summary>
    public const int DepthPerPass = 192;

    /// <summary>Columns of a panel.</summary>
    public static readonly int PanelWidth = 2 * (Lanes.AreWide ? WideLanes.Count : NativeLanes.Count);

    /// <summary>Rows of the tallest register tile.</summary>
    public static readonly int TileRows = GemmTiles.Height(int.MaxValue);

    /// <summary>The left-hand factor: element (i, k) stands at Data[i * RowStride + k * DepthStride].</summary>
    public readonly struct Left(float* data, long rowStride, long depthStride)
    {
        public readonly float* Data = data;
        public readonly long RowStride = rowStride;
        public readonly long DepthStride = depthStride;

        public Left Skip(int rows, int depth) => new(Data + rows * RowStride + depth * DepthStride, RowStride, DepthStride);
    }

    /// <summary>
    /// A part of a panel, [depth, width], and what is wanted after it: the tallest tile fetches it step by step, one for each
    /// row of the panel, since the hardware by itself stops at the end of a page.
    /// </summary>
    public readonly struct Panel(float* data, int depth, float* next, long nextStep)
    {
        public readonly float* Data = data;
        public readonly int Depth = depth;
        public readonly float* Next = next;
        public readonly long NextStep = nextStep;
    }

    /// <summary>Floats that the panels of a [depth, columns] factor take.</summary>
    public static long PackedLength(int depth, int columns)
        => (long)depth * RoundUp(columns, PanelWidth);

    /// <summary>The least multiple of a unit that is not below a value.</summary>
    public static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;

    /// <summary>c = epilogue(a b) or epilogue(c + a b) for rows x columns values.</summary>
    /// <param name="a">The left-hand factor.</param>
    /// <param name="panels">The panels of the right-hand factor.</param>
    /// <param name="firstDepth">Rows of the panels to leave out before the first.</param>
    /// <param name="c">The result.</param>
    /// <param name="stride">Distance of two rows of the result.</param>
    /// <param name="rows">Rows of the result; some hundred at most if a is transposed, since it is packed on the stack.</param>
    /// <param name="depth">The common dimension; <see cref="DepthPerPass"/> at most if a is transposed.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="accumulate">Whether to start from c.</param>
    /// <param name="epilogue">What to do with each value at the end.</param>
    public static void Multiply(
        Left a, ReadOnlySpan<PackedPanel> panels, int firstDepth, float* c, int stride, int rows, int depth, int columns,
        bool accumulate, GemmEpilogue epilogue)
    {
        if (Lanes.AreWide)
        {
            Multiply<WideLanes>(a, panels, firstDepth, c, stride, rows, depth, columns, accumulate, epilogue);
        }
        else
        {
            Multiply<NativeLanes>(a, panels, firstDepth, c, stride, rows, depth, columns, accumulate, epilogue);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<T>(
        Left a, ReadOnlySpan<PackedPanel> panels, int firstDepth, float* c, int stride, int rows, int depth, int columns,
        bool accumulate, GemmEpilogue epilogue)
        where T : struct, ILanes<T>
    {
        float* edge = stackalloc float[TileRows * PanelWidth];
        float* zeros = stackalloc float[PanelWidth];
        new Span<float>(zeros, PanelWidth).Clear();

        // Its padding is computed with, and what stood on the stack may be numbers that are slow to add.
        new Span<float>(edge, TileRows * PanelWidth).Clear();
        bool transposed = a.RowStride == 1 && a.DepthStride != 1;
        float* strips = stackalloc float[transposed ? RoundUp(rows, TileRows) * depth : 0];
        if (transposed)
        {
            GemmPacking.PackLeft(a, rows, depth, strips);
        }

        int passes = Math.Max(1, (depth + DepthPerPass - 1) / DepthPerPass);
        int depthPerPass = (depth + passes - 1) / passes;

        // Together the tallest tiles of a pass fetch what the next pass reads.
        long nextStep = (TileRows * PanelWidth + rows - 1) / rows;
        for (int column = 0; column < columns; column += PanelWidth)
        {
            float* b = panels[column / PanelWidth].Data + (long)firstDepth * PanelWidth;
            int width = Math.Min(PanelWidth, columns - column);
            GemmEpilogue local = epilogue.Skip(column);
            for (int pass = 0; pass < passes; pass++)
            {
                int k = pass * depthPerPass;
                int length = Math.Min(depthPerPass, depth - k);
                bool load = accumulate || pass > 0;
                float* bias = pass == 0 ? local.Bias : null;
                for (int i = 0, height; i < rows; i += height)
                {
                    height = GemmTiles.Height(rows - i);
                    float* next = b + (long)length * PanelWidth + (long)(i / TileRows) * length * nextStep;
                    var panel = new Panel(b, length, next, nextStep);
                    float* tile = c + (long)i * stride + column;
                    Left factor = transposed
                        ? new Left(strips + (long)(i / TileRows) * TileRows * depth + i % TileRows, 1, TileRows)
                        : a.Skip(i, k);
                    if (width < PanelWidth)
                    {
                        // A whole tile beside the result: the tiles know no partial ones.
                        Start(tile, stride, load, bias, edge, height, width);
                        GemmTiles.Run<T>(height, in factor, in panel, edge, PanelWidth, edge, PanelWidth);
                        GemmPacking.CopyRows(edge, PanelWidth, height, width, tile, stride);
                    }
                    else if (!load)
                    {
                        GemmTiles.Run<T>(height, in factor, in panel, bias == null ? zeros : bias, 0, tile, stride);
                    }
                    else if (bias == null)
                    {
                        GemmTiles.Run<T>(height, in factor, in panel, tile, stride, tile, stride);
                    }
                    else
                    {
                        GemmTiles.AddRow<T>(tile, stride, bias, edge, PanelWidth, height);
                        GemmTiles.Run<T>(height, in factor, in panel, edge, PanelWidth, tile, stride);
                    }

                    if (pass == passes - 1)
                    {
                        local.Activate(tile, stride, height, width);
                    }
                }

                b += (long)length * PanelWidth;
            }
        }
    }

    /// <summary>What a partial tile starts from: (0 or c) + bias.</summary>
    private static void Start(float* tile, int stride, bool load, float* bias, float* start, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                start[column] = (load ? tile[column] : 0) + (bias == null ? 0 : bias[column]);
            }

            tile += stride;
            start += PanelWidth;
        }
    }
}
