using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace RePaViT.Kernels;

/// <summary>
/// A block of a matrix product on one thread: the loops around the register tile, and the packing they rely on. There is
/// one tile for each width of vector registers; <see cref="GemmTiles"/> holds them.
/// </summary>
internal static unsafe class GemmKernel
{
    // Depth of a pass: a panel of this depth stays in the first-level cache while all rows of a task go by.
    private const int MaxDepthPerPass = 256;

    /// <summary>Columns of a panel.</summary>
    public static readonly int PanelWidth = Avx512F.IsSupported ? 32 : Avx2.IsSupported ? 16 : 8;

    /// <summary>Rows of the largest register tile.</summary>
    public static readonly int TileRows = Avx512F.IsSupported ? 12 : Avx2.IsSupported ? 6 : 4;

    /// <summary>The left-hand factor: element (i, k) stands at Data[i * RowStride + k * DepthStride].</summary>
    public readonly struct Left(float* data, long rowStride, long depthStride)
    {
        public readonly float* Data = data;
        public readonly long RowStride = rowStride;
        public readonly long DepthStride = depthStride;

        public Left Skip(int rows, int depth) => new(Data + rows * RowStride + depth * DepthStride, RowStride, DepthStride);
    }

    /// <summary>Floats that the panels of a [depth, columns] factor take.</summary>
    public static long PackedLength(int depth, int columns)
        => (long)depth * ((columns + PanelWidth - 1) / PanelWidth) * PanelWidth;

    /// <summary>Copies columns [panel * width, ...) of a factor to consecutive rows of one panel.</summary>
    public static void PackPanel(Matrix source, bool transposed, int panel, float* destination)
    {
        int depth = transposed ? source.Columns : source.Rows;
        int first = panel * PanelWidth;
        int columns = Math.Min(PanelWidth, (transposed ? source.Rows : source.Columns) - first);
        if (columns < PanelWidth)
        {
            new Span<float>(destination, checked(depth * PanelWidth)).Clear();
        }

        if (!transposed)
        {
            for (int k = 0; k < depth; k++)
            {
                new ReadOnlySpan<float>(source.Data + (long)k * source.Stride + first, columns)
                    .CopyTo(new Span<float>(destination + (long)k * PanelWidth, columns));
            }

            return;
        }

        // Few rows at a time, so that the lines they are written to stay in cache.
        const int DepthBlock = 16;
        for (int start = 0; start < depth; start += DepthBlock)
        {
            int end = Math.Min(start + DepthBlock, depth);
            for (int column = 0; column < columns; column++)
            {
                float* from = source.Data + (long)(first + column) * source.Stride;
                float* to = destination + column;
                for (int k = start; k < end; k++)
                {
                    to[(long)k * PanelWidth] = from[k];
                }
            }
        }
    }

    /// <summary>c = epilogue(a b) or epilogue(c + a b) for rows x columns values; b is a run of whole panels.</summary>
    /// <param name="a">The left-hand factor.</param>
    /// <param name="panels">Panels of the right-hand factor, each of depth * width floats.</param>
    /// <param name="c">The result.</param>
    /// <param name="stride">Distance of two rows of the result.</param>
    /// <param name="rows">Rows of the result; some hundred at most, since a block of them is packed on the stack.</param>
    /// <param name="depth">The common dimension.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="accumulate">Whether to start from c.</param>
    /// <param name="epilogue">What to do with each value at last.</param>
    /// <param name="column">Column of c in the whole result, for the epilogue.</param>
    [SkipLocalsInit]
    public static void Multiply(
        Left a, float* panels, float* c, int stride, int rows, int depth, int columns, bool accumulate,
        GemmEpilogue epilogue, int column)
    {
        int passes = Math.Max(1, (depth + MaxDepthPerPass - 1) / MaxDepthPerPass);
        int depthPerPass = (depth + passes - 1) / passes;
        float* edge = stackalloc float[TileRows * PanelWidth];
        bool transposed = a.RowStride == 1 && a.DepthStride != 1;
        int packedRows = transposed ? (rows + TileRows - 1) / TileRows * TileRows : 0;
        float* packed = stackalloc float[packedRows * depthPerPass];
        for (int pass = 0; pass < passes; pass++)
        {
            int k = pass * depthPerPass;
            int length = Math.Max(0, Math.Min(depthPerPass, depth - k));
            bool load = accumulate || pass > 0;
            bool last = pass == passes - 1;
            if (transposed)
            {
                PackLeft(a.Skip(0, k), rows, length, packed);
            }

            for (int start = 0; start < columns; start += PanelWidth)
            {
                float* panel = panels + (long)start * depth + (long)k * PanelWidth;
                int width = Math.Min(PanelWidth, columns - start);
                for (int i = 0; i < rows;)
                {
                    int height = GemmTiles.Height(rows - i);
                    float* tile = c + (long)i * stride + start;
                    Left factor = transposed
                        ? new Left(packed + (long)(i / TileRows) * TileRows * length + i % TileRows, 1, TileRows)
                        : a.Skip(i, k);
                    if (width == PanelWidth)
                    {
                        GemmTiles.Run(height, factor, panel, length, tile, stride, load);
                    }
                    else
                    {
                        // A whole tile beside the result: the kernel knows no partial ones.
                        CopyTile(tile, stride, edge, PanelWidth, load ? height : 0, width);
                        GemmTiles.Run(height, factor, panel, length, edge, PanelWidth, load);
                        CopyTile(edge, PanelWidth, tile, stride, height, width);
                    }

                    if (last)
                    {
                        epilogue.Apply(tile, stride, height, column + start, width);
                    }

                    i += height;
                }
            }
        }
    }

    /// <summary>
    /// Copies a transposed left-hand factor to strips of as many rows as a tile has. Its own rows are far apart, and every
    /// panel would go through all of them again.
    /// </summary>
    private static void PackLeft(Left a, int rows, int depth, float* packed)
    {
        for (int start = 0; start < rows; start += TileRows)
        {
            int count = Math.Min(TileRows, rows - start);
            for (int k = 0; k < depth; k++)
            {
                new ReadOnlySpan<float>(a.Data + start + k * a.DepthStride, count).CopyTo(new Span<float>(packed, count));
                packed += TileRows;
            }
        }
    }

    private static void CopyTile(float* from, int fromStride, float* to, int toStride, int rows, int columns)
    {
        for (int i = 0; i < rows; i++)
        {
            new ReadOnlySpan<float>(from + (long)i * fromStride, columns).CopyTo(new Span<float>(to + (long)i * toStride, columns));
        }
    }
}
