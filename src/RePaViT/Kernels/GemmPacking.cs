using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RePaViT.Kernels;

/// <summary>Copies factors of a product to where the register tiles read them from beginning to end.</summary>
internal static unsafe class GemmPacking
{
    /// <summary>Copies columns [panel * width, ...) of a factor to consecutive rows of one panel, with zeros after the last.</summary>
    /// <param name="source">[depth, columns], or its transpose.</param>
    /// <param name="transposed">Whether it is the transpose.</param>
    /// <param name="panel">Which panel.</param>
    /// <param name="destination">[depth, <see cref="GemmKernel.PanelWidth"/>].</param>
    public static void PackPanel(Matrix source, bool transposed, int panel, float* destination)
    {
        int width = GemmKernel.PanelWidth;
        int depth = transposed ? source.Columns : source.Rows;
        int first = panel * width;
        int columns = Math.Min(width, (transposed ? source.Rows : source.Columns) - first);
        if (columns < width)
        {
            new Span<float>(destination, checked(depth * width)).Clear();
        }

        if (transposed)
        {
            CopyTransposed(source.Data + (long)first * source.Stride, source.Stride, columns, depth, destination, width);
        }
        else
        {
            CopyToPanel(source.Data + first, source.Stride, depth, columns, destination);
        }
    }

    /// <summary>Copies rows of some columns to consecutive rows of a panel.</summary>
    public static void CopyToPanel(float* from, long fromStride, int rows, int columns, float* panel)
    {
        if (columns < GemmKernel.PanelWidth)
        {
            CopyRows(from, fromStride, rows, columns, panel, GemmKernel.PanelWidth);
        }
        else if (Lanes.AreWide)
        {
            CopyWholeRows<WideLanes>(from, fromStride, rows, panel);
        }
        else
        {
            CopyWholeRows<NativeLanes>(from, fromStride, rows, panel);
        }
    }

    /// <summary>
    /// Copies a transposed left-hand factor to strips of as many rows as a tile has. Its own rows are far apart, and every
    /// panel would go through all of them again.
    /// </summary>
    public static void PackLeft(GemmKernel.Left a, int rows, int depth, float* packed)
    {
        int height = GemmKernel.TileRows;
        for (int start = 0; start < rows; start += height)
        {
            CopyRows(a.Data + start, a.DepthStride, depth, Math.Min(height, rows - start), packed, height);
            packed += (long)depth * height;
        }
    }

    /// <summary>Copies rows of so few values that a call for each would take longer than the copy.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void CopyRows(float* from, long fromStride, int rows, int columns, float* to, long toStride)
    {
        for (int row = 0; row < rows; row++)
        {
            int column = 0;
            for (; column <= columns - Vector128<float>.Count; column += Vector128<float>.Count)
            {
                Vector128.Load(from + column).Store(to + column);
            }

            for (; column < columns; column++)
            {
                to[column] = from[column];
            }

            from += fromStride;
            to += toStride;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void CopyWholeRows<T>(float* from, long fromStride, int rows, float* to)
        where T : struct, ILanes<T>
    {
        for (int row = 0; row < rows; row++)
        {
            T.Load(from).Store(to);
            T.Load(from + T.Count).Store(to + T.Count);
            from += fromStride;
            to += 2 * T.Count;
        }
    }

    /// <summary>to[k, row] = from[row, k].</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void CopyTransposed(float* from, long fromStride, int rows, int columns, float* to, long toStride)
    {
        // Few columns at a time, so that the lines they are written to stay in cache.
        const int Columns = 16;
        for (int start = 0; start < columns; start += Columns)
        {
            int end = Math.Min(start + Columns, columns);
            int row = 0;
            for (; Sse.IsSupported && row <= rows - 4; row += 4)
            {
                int k = start;
                for (; k <= end - 4; k += 4)
                {
                    TransposeFourByFour(from + row * fromStride + k, fromStride, to + k * toStride + row, toStride);
                }

                CopyTransposedPlainly(from, fromStride, row, row + 4, k, end, to, toStride);
            }

            CopyTransposedPlainly(from, fromStride, row, rows, start, end, to, toStride);
        }
    }

    private static void CopyTransposedPlainly(
        float* from, long fromStride, int row, int lastRow, int column, int lastColumn, float* to, long toStride)
    {
        for (; row < lastRow; row++)
        {
            for (int k = column; k < lastColumn; k++)
            {
                to[k * toStride + row] = from[row * fromStride + k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFourByFour(float* from, long fromStride, float* to, long toStride)
    {
        Vector128<float> row0 = Vector128.Load(from);
        Vector128<float> row1 = Vector128.Load(from + fromStride);
        Vector128<float> row2 = Vector128.Load(from + 2 * fromStride);
        Vector128<float> row3 = Vector128.Load(from + 3 * fromStride);
        Vector128<float> upperLeft = Sse.UnpackLow(row0, row1);
        Vector128<float> lowerLeft = Sse.UnpackLow(row2, row3);
        Vector128<float> upperRight = Sse.UnpackHigh(row0, row1);
        Vector128<float> lowerRight = Sse.UnpackHigh(row2, row3);
        Sse.MoveLowToHigh(upperLeft, lowerLeft).Store(to);
        Sse.MoveHighToLow(lowerLeft, upperLeft).Store(to + toStride);
        Sse.MoveLowToHigh(upperRight, lowerRight).Store(to + 2 * toStride);
        Sse.MoveHighToLow(lowerRight, upperRight).Store(to + 3 * toStride);
    }
}
