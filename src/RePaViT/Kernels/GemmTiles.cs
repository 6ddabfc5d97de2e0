using System.Runtime.CompilerServices;

namespace RePaViT.Kernels;

/// <summary>
/// The innermost loops of a matrix product. A tile of the result, two registers wide, stays in registers while one row of
/// a panel after the other is multiplied by one value of each row of the left-hand factor. The values are spelled out
/// because only locals live in registers. With AVX-512 the tallest tile, in which most of the work is done, has
/// time to fetch from memory what is needed next. Each result is the same chain of multiply-adds in every tile.
/// </summary>
internal static unsafe class GemmTiles
{
    /// <summary>Rows of the tile to take when so many rows are left.</summary>
    public static int Height(int rows)
    {
        int tallest = Lanes.AreWide ? 12 : 6;
        return rows >= tallest ? tallest : rows >= 4 ? 4 : 1;
    }

    /// <summary>c = start + a b for a tile of <see cref="Height"/> rows and one panel.</summary>
    /// <param name="height">Rows: a value that <see cref="Height"/> gives.</param>
    /// <param name="a">The left-hand factor from its first row and depth on.</param>
    /// <param name="panel">The right-hand factor.</param>
    /// <param name="start">What to start from; may be c itself.</param>
    /// <param name="startStride">Distance of two rows of the start; 0 for the same row each time.</param>
    /// <param name="c">The tile.</param>
    /// <param name="stride">Distance of two rows of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T>(
        int height, in GemmKernel.Left a, in GemmKernel.Panel panel, float* start, long startStride, float* c, long stride)
        where T : struct, ILanes<T>
    {
        switch (height)
        {
            case 12:
                Tile12<T>(in a, in panel, start, startStride, c, stride);
                break;
            case 6:
                Tile6<T>(in a, in panel, start, startStride, c, stride);
                break;
            case 4:
                Tile4<T>(in a, in panel, start, startStride, c, stride);
                break;
            default:
                Tile1<T>(in a, in panel, start, startStride, c, stride);
                break;
        }
    }

    /// <summary>sum = c + bias for a tile of some rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void AddRow<T>(float* c, long stride, float* bias, float* sum, long sumStride, int rows)
        where T : struct, ILanes<T>
    {
        T left = T.Load(bias);
        T right = T.Load(bias + T.Count);
        for (int row = 0; row < rows; row++)
        {
            (T.Load(c) + left).Store(sum);
            (T.Load(c + T.Count) + right).Store(sum + T.Count);
            c += stride;
            sum += sumStride;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile12<T>(
        in GemmKernel.Left a, in GemmKernel.Panel panel, float* start, long startStride, float* c, long stride)
        where T : struct, ILanes<T>
    {
        float* a0 = a.Data;
        long row = a.RowStride;
        float* a3 = a0 + 3 * row;
        float* a6 = a3 + 3 * row;
        float* a9 = a6 + 3 * row;
        long step = a.DepthStride;
        float* b = panel.Data;
        int depth = panel.Depth;
        float* next = panel.Next;
        long nextStep = panel.NextStep;
        T left0 = T.Load(start), right0 = T.Load(start + T.Count);
        T left1 = T.Load(start + startStride), right1 = T.Load(start + startStride + T.Count);
        T left2 = T.Load(start + 2 * startStride), right2 = T.Load(start + 2 * startStride + T.Count);
        T left3 = T.Load(start + 3 * startStride), right3 = T.Load(start + 3 * startStride + T.Count);
        T left4 = T.Load(start + 4 * startStride), right4 = T.Load(start + 4 * startStride + T.Count);
        T left5 = T.Load(start + 5 * startStride), right5 = T.Load(start + 5 * startStride + T.Count);
        T left6 = T.Load(start + 6 * startStride), right6 = T.Load(start + 6 * startStride + T.Count);
        T left7 = T.Load(start + 7 * startStride), right7 = T.Load(start + 7 * startStride + T.Count);
        T left8 = T.Load(start + 8 * startStride), right8 = T.Load(start + 8 * startStride + T.Count);
        T left9 = T.Load(start + 9 * startStride), right9 = T.Load(start + 9 * startStride + T.Count);
        T left10 = T.Load(start + 10 * startStride), right10 = T.Load(start + 10 * startStride + T.Count);
        T left11 = T.Load(start + 11 * startStride), right11 = T.Load(start + 11 * startStride + T.Count);
        for (int k = 0; k < depth; k++)
        {
            Lanes.Prefetch(next);
            next += nextStep;
            T b0 = T.Load(b);
            T b1 = T.Load(b + T.Count);
            b += 2 * T.Count;
            T x = T.Create(*a0);
            T.AddProduct(ref left0, x, b0);
            T.AddProduct(ref right0, x, b1);
            x = T.Create(a0[row]);
            T.AddProduct(ref left1, x, b0);
            T.AddProduct(ref right1, x, b1);
            x = T.Create(a0[2 * row]);
            T.AddProduct(ref left2, x, b0);
            T.AddProduct(ref right2, x, b1);
            x = T.Create(*a3);
            T.AddProduct(ref left3, x, b0);
            T.AddProduct(ref right3, x, b1);
            x = T.Create(a3[row]);
            T.AddProduct(ref left4, x, b0);
            T.AddProduct(ref right4, x, b1);
            x = T.Create(a3[2 * row]);
            T.AddProduct(ref left5, x, b0);
            T.AddProduct(ref right5, x, b1);
            x = T.Create(*a6);
            T.AddProduct(ref left6, x, b0);
            T.AddProduct(ref right6, x, b1);
            x = T.Create(a6[row]);
            T.AddProduct(ref left7, x, b0);
            T.AddProduct(ref right7, x, b1);
            x = T.Create(a6[2 * row]);
            T.AddProduct(ref left8, x, b0);
            T.AddProduct(ref right8, x, b1);
            x = T.Create(*a9);
            T.AddProduct(ref left9, x, b0);
            T.AddProduct(ref right9, x, b1);
            x = T.Create(a9[row]);
            T.AddProduct(ref left10, x, b0);
            T.AddProduct(ref right10, x, b1);
            x = T.Create(a9[2 * row]);
            T.AddProduct(ref left11, x, b0);
            T.AddProduct(ref right11, x, b1);
            a0 += step;
            a3 += step;
            a6 += step;
            a9 += step;
        }

        left0.Store(c);
        right0.Store(c + T.Count);
        left1.Store(c + stride);
        right1.Store(c + stride + T.Count);
        left2.Store(c + 2 * stride);
        right2.Store(c + 2 * stride + T.Count);
        left3.Store(c + 3 * stride);
        right3.Store(c + 3 * stride + T.Count);
        left4.Store(c + 4 * stride);
        right4.Store(c + 4 * stride + T.Count);
        left5.Store(c + 5 * stride);
        right5.Store(c + 5 * stride + T.Count);
        left6.Store(c + 6 * stride);
        right6.Store(c + 6 * stride + T.Count);
        left7.Store(c + 7 * stride);
        right7.Store(c + 7 * stride + T.Count);
        left8.Store(c + 8 * stride);
        right8.Store(c + 8 * stride + T.Count);
        left9.Store(c + 9 * stride);
        right9.Store(c + 9 * stride + T.Count);
        left10.Store(c + 10 * stride);
        right10.Store(c + 10 * stride + T.Count);
        left11.Store(c + 11 * stride);
        right11.Store(c + 11 * stride + T.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile6<T>(
        in GemmKernel.Left a, in GemmKernel.Panel panel, float* start, long startStride, float* c, long stride)
        where T : struct, ILanes<T>
    {
        float* a0 = a.Data;
        long row = a.RowStride;
        float* a3 = a0 + 3 * row;
        long step = a.DepthStride;
        float* b = panel.Data;
        int depth = panel.Depth;
        T left0 = T.Load(start), right0 = T.Load(start + T.Count);
        T left1 = T.Load(start + startStride), right1 = T.Load(start + startStride + T.Count);
        T left2 = T.Load(start + 2 * startStride), right2 = T.Load(start + 2 * startStride + T.Count);
        T left3 = T.Load(start + 3 * startStride), right3 = T.Load(start + 3 * startStride + T.Count);
        T left4 = T.Load(start + 4 * startStride), right4 = T.Load(start + 4 * startStride + T.Count);
        T left5 = T.Load(start + 5 * startStride), right5 = T.Load(start + 5 * startStride + T.Count);
        for (int k = 0; k < depth; k++)
        {
            T b0 = T.Load(b);
            T b1 = T.Load(b + T.Count);
            b += 2 * T.Count;
            T x = T.Create(*a0);
            T.AddProduct(ref left0, x, b0);
            T.AddProduct(ref right0, x, b1);
            x = T.Create(a0[row]);
            T.AddProduct(ref left1, x, b0);
            T.AddProduct(ref right1, x, b1);
            x = T.Create(a0[2 * row]);
            T.AddProduct(ref left2, x, b0);
            T.AddProduct(ref right2, x, b1);
            x = T.Create(*a3);
            T.AddProduct(ref left3, x, b0);
            T.AddProduct(ref right3, x, b1);
            x = T.Create(a3[row]);
            T.AddProduct(ref left4, x, b0);
            T.AddProduct(ref right4, x, b1);
            x = T.Create(a3[2 * row]);
            T.AddProduct(ref left5, x, b0);
            T.AddProduct(ref right5, x, b1);
            a0 += step;
            a3 += step;
        }

        left0.Store(c);
        right0.Store(c + T.Count);
        left1.Store(c + stride);
        right1.Store(c + stride + T.Count);
        left2.Store(c + 2 * stride);
        right2.Store(c + 2 * stride + T.Count);
        left3.Store(c + 3 * stride);
        right3.Store(c + 3 * stride + T.Count);
        left4.Store(c + 4 * stride);
        right4.Store(c + 4 * stride + T.Count);
        left5.Store(c + 5 * stride);
        right5.Store(c + 5 * stride + T.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile4<T>(
        in GemmKernel.Left a, in GemmKernel.Panel panel, float* start, long startStride, float* c, long stride)
        where T : struct, ILanes<T>
    {
        float* a0 = a.Data;
        long row = a.RowStride;
        float* a3 = a0 + 3 * row;
        long step = a.DepthStride;
        float* b = panel.Data;
        int depth = panel.Depth;
        T left0 = T.Load(start), right0 = T.Load(start + T.Count);
        T left1 = T.Load(start + startStride), right1 = T.Load(start + startStride + T.Count);
        T left2 = T.Load(start + 2 * startStride), right2 = T.Load(start + 2 * startStride + T.Count);
        T left3 = T.Load(start + 3 * startStride), right3 = T.Load(start + 3 * startStride + T.Count);
        for (int k = 0; k < depth; k++)
        {
            T b0 = T.Load(b);
            T b1 = T.Load(b + T.Count);
            b += 2 * T.Count;
            T x = T.Create(*a0);
            T.AddProduct(ref left0, x, b0);
            T.AddProduct(ref right0, x, b1);
            x = T.Create(a0[row]);
            T.AddProduct(ref left1, x, b0);
            T.AddProduct(ref right1, x, b1);
            x = T.Create(a0[2 * row]);
            T.AddProduct(ref left2, x, b0);
            T.AddProduct(ref right2, x, b1);
            x = T.Create(*a3);
            T.AddProduct(ref left3, x, b0);
            T.AddProduct(ref right3, x, b1);
            a0 += step;
            a3 += step;
        }

        left0.Store(c);
        right0.Store(c + T.Count);
        left1.Store(c + stride);
        right1.Store(c + stride + T.Count);
        left2.Store(c + 2 * stride);
        right2.Store(c + 2 * stride + T.Count);
        left3.Store(c + 3 * stride);
        right3.Store(c + 3 * stride + T.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<T>(
        in GemmKernel.Left a, in GemmKernel.Panel panel, float* start, long startStride, float* c, long stride)
        where T : struct, ILanes<T>
    {
        float* a0 = a.Data;
        long step = a.DepthStride;
        float* b = panel.Data;
        int depth = panel.Depth;
        T left0 = T.Load(start), right0 = T.Load(start + T.Count);
        for (int k = 0; k < depth; k++)
        {
            T b0 = T.Load(b);
            T b1 = T.Load(b + T.Count);
            b += 2 * T.Count;
            T x = T.Create(*a0);
            T.AddProduct(ref left0, x, b0);
            T.AddProduct(ref right0, x, b1);
            a0 += step;
        }

        left0.Store(c);
        right0.Store(c + T.Count);
    }
}
