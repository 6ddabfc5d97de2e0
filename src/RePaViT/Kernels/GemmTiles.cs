using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RePaViT.Kernels;

/// <summary>
/// The innermost loops of a matrix product. A tile of the result stays in registers while one row of a panel after the
/// other is multiplied with one value of each row of the left-hand factor. The values are spelled out because only
/// locals live in registers. Each result is the same chain of multiply-adds in every tile.
/// </summary>
internal static unsafe class GemmTiles
{
    /// <summary>Rows of the tile to take when so many rows are left.</summary>
    public static int Height(int rows)
    {
        if (Avx512F.IsSupported)
        {
            return rows >= 12 ? 12 : rows >= 4 ? 4 : 1;
        }

        if (Avx2.IsSupported)
        {
            return rows >= 6 ? 6 : rows >= 3 ? 3 : 1;
        }

        return rows >= 4 ? 4 : 1;
    }

    /// <summary>c (+)= a b for a tile of <see cref="Height"/> rows and one panel.</summary>
    /// <param name="height">Rows: a value that <see cref="Height"/> gives.</param>
    /// <param name="a">The left-hand factor from its first row and depth on.</param>
    /// <param name="panel">[depth, width].</param>
    /// <param name="depth">The common dimension.</param>
    /// <param name="c">The tile.</param>
    /// <param name="stride">Distance of two rows of the tile.</param>
    /// <param name="load">Whether to start from c, or from 0.</param>
    public static void Run(int height, GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        if (Avx512F.IsSupported)
        {
            switch (height)
            {
                case 12:
                    Tile12x512(a, panel, depth, c, stride, load);
                    break;
                case 4:
                    Tile4x512(a, panel, depth, c, stride, load);
                    break;
                default:
                    Tile1x512(a, panel, depth, c, load);
                    break;
            }
        }
        else if (Avx2.IsSupported)
        {
            switch (height)
            {
                case 6:
                    Tile6x256(a, panel, depth, c, stride, load);
                    break;
                case 3:
                    Tile3x256(a, panel, depth, c, stride, load);
                    break;
                default:
                    Tile1x256(a, panel, depth, c, load);
                    break;
            }
        }
        else if (height == 4)
        {
            Tile4x128(a, panel, depth, c, stride, load);
        }
        else
        {
            Tile1x128(a, panel, depth, c, load);
        }
    }


    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12x512(GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        const int Lanes = 16;
        float* a0 = a.Data;
        float* a3 = a.Data + 3 * a.RowStride;
        float* a6 = a.Data + 6 * a.RowStride;
        float* a9 = a.Data + 9 * a.RowStride;
        long row = a.RowStride;
        long step = a.DepthStride;
        Vector512<float> left0 = Vector512<float>.Zero, right0 = Vector512<float>.Zero;
        Vector512<float> left1 = Vector512<float>.Zero, right1 = Vector512<float>.Zero;
        Vector512<float> left2 = Vector512<float>.Zero, right2 = Vector512<float>.Zero;
        Vector512<float> left3 = Vector512<float>.Zero, right3 = Vector512<float>.Zero;
        Vector512<float> left4 = Vector512<float>.Zero, right4 = Vector512<float>.Zero;
        Vector512<float> left5 = Vector512<float>.Zero, right5 = Vector512<float>.Zero;
        Vector512<float> left6 = Vector512<float>.Zero, right6 = Vector512<float>.Zero;
        Vector512<float> left7 = Vector512<float>.Zero, right7 = Vector512<float>.Zero;
        Vector512<float> left8 = Vector512<float>.Zero, right8 = Vector512<float>.Zero;
        Vector512<float> left9 = Vector512<float>.Zero, right9 = Vector512<float>.Zero;
        Vector512<float> left10 = Vector512<float>.Zero, right10 = Vector512<float>.Zero;
        Vector512<float> left11 = Vector512<float>.Zero, right11 = Vector512<float>.Zero;
        if (load)
        {
            left0 = Vector512.Load(c);
            right0 = Vector512.Load(c + Lanes);
            left1 = Vector512.Load(c + stride);
            right1 = Vector512.Load(c + stride + Lanes);
            left2 = Vector512.Load(c + 2L * stride);
            right2 = Vector512.Load(c + 2L * stride + Lanes);
            left3 = Vector512.Load(c + 3L * stride);
            right3 = Vector512.Load(c + 3L * stride + Lanes);
            left4 = Vector512.Load(c + 4L * stride);
            right4 = Vector512.Load(c + 4L * stride + Lanes);
            left5 = Vector512.Load(c + 5L * stride);
            right5 = Vector512.Load(c + 5L * stride + Lanes);
            left6 = Vector512.Load(c + 6L * stride);
            right6 = Vector512.Load(c + 6L * stride + Lanes);
            left7 = Vector512.Load(c + 7L * stride);
            right7 = Vector512.Load(c + 7L * stride + Lanes);
            left8 = Vector512.Load(c + 8L * stride);
            right8 = Vector512.Load(c + 8L * stride + Lanes);
            left9 = Vector512.Load(c + 9L * stride);
            right9 = Vector512.Load(c + 9L * stride + Lanes);
            left10 = Vector512.Load(c + 10L * stride);
            right10 = Vector512.Load(c + 10L * stride + Lanes);
            left11 = Vector512.Load(c + 11L * stride);
            right11 = Vector512.Load(c + 11L * stride + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector512<float> b0 = Vector512.Load(panel);
            Vector512<float> b1 = Vector512.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector512<float> x = Vector512.Create(*a0);
            left0 = Vector512.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector512.MultiplyAddEstimate(x, b1, right0);
            x = Vector512.Create(a0[row]);
            left1 = Vector512.MultiplyAddEstimate(x, b0, left1);
            right1 = Vector512.MultiplyAddEstimate(x, b1, right1);
            x = Vector512.Create(a0[2 * row]);
            left2 = Vector512.MultiplyAddEstimate(x, b0, left2);
            right2 = Vector512.MultiplyAddEstimate(x, b1, right2);
            x = Vector512.Create(*a3);
            left3 = Vector512.MultiplyAddEstimate(x, b0, left3);
            right3 = Vector512.MultiplyAddEstimate(x, b1, right3);
            x = Vector512.Create(a3[row]);
            left4 = Vector512.MultiplyAddEstimate(x, b0, left4);
            right4 = Vector512.MultiplyAddEstimate(x, b1, right4);
            x = Vector512.Create(a3[2 * row]);
            left5 = Vector512.MultiplyAddEstimate(x, b0, left5);
            right5 = Vector512.MultiplyAddEstimate(x, b1, right5);
            x = Vector512.Create(*a6);
            left6 = Vector512.MultiplyAddEstimate(x, b0, left6);
            right6 = Vector512.MultiplyAddEstimate(x, b1, right6);
            x = Vector512.Create(a6[row]);
            left7 = Vector512.MultiplyAddEstimate(x, b0, left7);
            right7 = Vector512.MultiplyAddEstimate(x, b1, right7);
            x = Vector512.Create(a6[2 * row]);
            left8 = Vector512.MultiplyAddEstimate(x, b0, left8);
            right8 = Vector512.MultiplyAddEstimate(x, b1, right8);
            x = Vector512.Create(*a9);
            left9 = Vector512.MultiplyAddEstimate(x, b0, left9);
            right9 = Vector512.MultiplyAddEstimate(x, b1, right9);
            x = Vector512.Create(a9[row]);
            left10 = Vector512.MultiplyAddEstimate(x, b0, left10);
            right10 = Vector512.MultiplyAddEstimate(x, b1, right10);
            x = Vector512.Create(a9[2 * row]);
            left11 = Vector512.MultiplyAddEstimate(x, b0, left11);
            right11 = Vector512.MultiplyAddEstimate(x, b1, right11);
            a0 += step;
            a3 += step;
            a6 += step;
            a9 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
        left1.Store(c + stride);
        right1.Store(c + stride + Lanes);
        left2.Store(c + 2L * stride);
        right2.Store(c + 2L * stride + Lanes);
        left3.Store(c + 3L * stride);
        right3.Store(c + 3L * stride + Lanes);
        left4.Store(c + 4L * stride);
        right4.Store(c + 4L * stride + Lanes);
        left5.Store(c + 5L * stride);
        right5.Store(c + 5L * stride + Lanes);
        left6.Store(c + 6L * stride);
        right6.Store(c + 6L * stride + Lanes);
        left7.Store(c + 7L * stride);
        right7.Store(c + 7L * stride + Lanes);
        left8.Store(c + 8L * stride);
        right8.Store(c + 8L * stride + Lanes);
        left9.Store(c + 9L * stride);
        right9.Store(c + 9L * stride + Lanes);
        left10.Store(c + 10L * stride);
        right10.Store(c + 10L * stride + Lanes);
        left11.Store(c + 11L * stride);
        right11.Store(c + 11L * stride + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x512(GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        const int Lanes = 16;
        float* a0 = a.Data;
        float* a3 = a.Data + 3 * a.RowStride;
        long row = a.RowStride;
        long step = a.DepthStride;
        Vector512<float> left0 = Vector512<float>.Zero, right0 = Vector512<float>.Zero;
        Vector512<float> left1 = Vector512<float>.Zero, right1 = Vector512<float>.Zero;
        Vector512<float> left2 = Vector512<float>.Zero, right2 = Vector512<float>.Zero;
        Vector512<float> left3 = Vector512<float>.Zero, right3 = Vector512<float>.Zero;
        if (load)
        {
            left0 = Vector512.Load(c);
            right0 = Vector512.Load(c + Lanes);
            left1 = Vector512.Load(c + stride);
            right1 = Vector512.Load(c + stride + Lanes);
            left2 = Vector512.Load(c + 2L * stride);
            right2 = Vector512.Load(c + 2L * stride + Lanes);
            left3 = Vector512.Load(c + 3L * stride);
            right3 = Vector512.Load(c + 3L * stride + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector512<float> b0 = Vector512.Load(panel);
            Vector512<float> b1 = Vector512.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector512<float> x = Vector512.Create(*a0);
            left0 = Vector512.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector512.MultiplyAddEstimate(x, b1, right0);
            x = Vector512.Create(a0[row]);
            left1 = Vector512.MultiplyAddEstimate(x, b0, left1);
            right1 = Vector512.MultiplyAddEstimate(x, b1, right1);
            x = Vector512.Create(a0[2 * row]);
            left2 = Vector512.MultiplyAddEstimate(x, b0, left2);
            right2 = Vector512.MultiplyAddEstimate(x, b1, right2);
            x = Vector512.Create(*a3);
            left3 = Vector512.MultiplyAddEstimate(x, b0, left3);
            right3 = Vector512.MultiplyAddEstimate(x, b1, right3);
            a0 += step;
            a3 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
        left1.Store(c + stride);
        right1.Store(c + stride + Lanes);
        left2.Store(c + 2L * stride);
        right2.Store(c + 2L * stride + Lanes);
        left3.Store(c + 3L * stride);
        right3.Store(c + 3L * stride + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x512(GemmKernel.Left a, float* panel, int depth, float* c, bool load)
    {
        const int Lanes = 16;
        float* a0 = a.Data;
        long step = a.DepthStride;
        Vector512<float> left0 = Vector512<float>.Zero, right0 = Vector512<float>.Zero;
        if (load)
        {
            left0 = Vector512.Load(c);
            right0 = Vector512.Load(c + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector512<float> b0 = Vector512.Load(panel);
            Vector512<float> b1 = Vector512.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector512<float> x = Vector512.Create(*a0);
            left0 = Vector512.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector512.MultiplyAddEstimate(x, b1, right0);
            a0 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6x256(GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        const int Lanes = 8;
        float* a0 = a.Data;
        float* a3 = a.Data + 3 * a.RowStride;
        long row = a.RowStride;
        long step = a.DepthStride;
        Vector256<float> left0 = Vector256<float>.Zero, right0 = Vector256<float>.Zero;
        Vector256<float> left1 = Vector256<float>.Zero, right1 = Vector256<float>.Zero;
        Vector256<float> left2 = Vector256<float>.Zero, right2 = Vector256<float>.Zero;
        Vector256<float> left3 = Vector256<float>.Zero, right3 = Vector256<float>.Zero;
        Vector256<float> left4 = Vector256<float>.Zero, right4 = Vector256<float>.Zero;
        Vector256<float> left5 = Vector256<float>.Zero, right5 = Vector256<float>.Zero;
        if (load)
        {
            left0 = Vector256.Load(c);
            right0 = Vector256.Load(c + Lanes);
            left1 = Vector256.Load(c + stride);
            right1 = Vector256.Load(c + stride + Lanes);
            left2 = Vector256.Load(c + 2L * stride);
            right2 = Vector256.Load(c + 2L * stride + Lanes);
            left3 = Vector256.Load(c + 3L * stride);
            right3 = Vector256.Load(c + 3L * stride + Lanes);
            left4 = Vector256.Load(c + 4L * stride);
            right4 = Vector256.Load(c + 4L * stride + Lanes);
            left5 = Vector256.Load(c + 5L * stride);
            right5 = Vector256.Load(c + 5L * stride + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector256<float> b0 = Vector256.Load(panel);
            Vector256<float> b1 = Vector256.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector256<float> x = Vector256.Create(*a0);
            left0 = Vector256.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector256.MultiplyAddEstimate(x, b1, right0);
            x = Vector256.Create(a0[row]);
            left1 = Vector256.MultiplyAddEstimate(x, b0, left1);
            right1 = Vector256.MultiplyAddEstimate(x, b1, right1);
            x = Vector256.Create(a0[2 * row]);
            left2 = Vector256.MultiplyAddEstimate(x, b0, left2);
            right2 = Vector256.MultiplyAddEstimate(x, b1, right2);
            x = Vector256.Create(*a3);
            left3 = Vector256.MultiplyAddEstimate(x, b0, left3);
            right3 = Vector256.MultiplyAddEstimate(x, b1, right3);
            x = Vector256.Create(a3[row]);
            left4 = Vector256.MultiplyAddEstimate(x, b0, left4);
            right4 = Vector256.MultiplyAddEstimate(x, b1, right4);
            x = Vector256.Create(a3[2 * row]);
            left5 = Vector256.MultiplyAddEstimate(x, b0, left5);
            right5 = Vector256.MultiplyAddEstimate(x, b1, right5);
            a0 += step;
            a3 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
        left1.Store(c + stride);
        right1.Store(c + stride + Lanes);
        left2.Store(c + 2L * stride);
        right2.Store(c + 2L * stride + Lanes);
        left3.Store(c + 3L * stride);
        right3.Store(c + 3L * stride + Lanes);
        left4.Store(c + 4L * stride);
        right4.Store(c + 4L * stride + Lanes);
        left5.Store(c + 5L * stride);
        right5.Store(c + 5L * stride + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile3x256(GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        const int Lanes = 8;
        float* a0 = a.Data;
        long row = a.RowStride;
        long step = a.DepthStride;
        Vector256<float> left0 = Vector256<float>.Zero, right0 = Vector256<float>.Zero;
        Vector256<float> left1 = Vector256<float>.Zero, right1 = Vector256<float>.Zero;
        Vector256<float> left2 = Vector256<float>.Zero, right2 = Vector256<float>.Zero;
        if (load)
        {
            left0 = Vector256.Load(c);
            right0 = Vector256.Load(c + Lanes);
            left1 = Vector256.Load(c + stride);
            right1 = Vector256.Load(c + stride + Lanes);
            left2 = Vector256.Load(c + 2L * stride);
            right2 = Vector256.Load(c + 2L * stride + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector256<float> b0 = Vector256.Load(panel);
            Vector256<float> b1 = Vector256.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector256<float> x = Vector256.Create(*a0);
            left0 = Vector256.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector256.MultiplyAddEstimate(x, b1, right0);
            x = Vector256.Create(a0[row]);
            left1 = Vector256.MultiplyAddEstimate(x, b0, left1);
            right1 = Vector256.MultiplyAddEstimate(x, b1, right1);
            x = Vector256.Create(a0[2 * row]);
            left2 = Vector256.MultiplyAddEstimate(x, b0, left2);
            right2 = Vector256.MultiplyAddEstimate(x, b1, right2);
            a0 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
        left1.Store(c + stride);
        right1.Store(c + stride + Lanes);
        left2.Store(c + 2L * stride);
        right2.Store(c + 2L * stride + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x256(GemmKernel.Left a, float* panel, int depth, float* c, bool load)
    {
        const int Lanes = 8;
        float* a0 = a.Data;
        long step = a.DepthStride;
        Vector256<float> left0 = Vector256<float>.Zero, right0 = Vector256<float>.Zero;
        if (load)
        {
            left0 = Vector256.Load(c);
            right0 = Vector256.Load(c + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector256<float> b0 = Vector256.Load(panel);
            Vector256<float> b1 = Vector256.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector256<float> x = Vector256.Create(*a0);
            left0 = Vector256.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector256.MultiplyAddEstimate(x, b1, right0);
            a0 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x128(GemmKernel.Left a, float* panel, int depth, float* c, int stride, bool load)
    {
        const int Lanes = 4;
        float* a0 = a.Data;
        float* a3 = a.Data + 3 * a.RowStride;
        long row = a.RowStride;
        long step = a.DepthStride;
        Vector128<float> left0 = Vector128<float>.Zero, right0 = Vector128<float>.Zero;
        Vector128<float> left1 = Vector128<float>.Zero, right1 = Vector128<float>.Zero;
        Vector128<float> left2 = Vector128<float>.Zero, right2 = Vector128<float>.Zero;
        Vector128<float> left3 = Vector128<float>.Zero, right3 = Vector128<float>.Zero;
        if (load)
        {
            left0 = Vector128.Load(c);
            right0 = Vector128.Load(c + Lanes);
            left1 = Vector128.Load(c + stride);
            right1 = Vector128.Load(c + stride + Lanes);
            left2 = Vector128.Load(c + 2L * stride);
            right2 = Vector128.Load(c + 2L * stride + Lanes);
            left3 = Vector128.Load(c + 3L * stride);
            right3 = Vector128.Load(c + 3L * stride + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector128<float> b0 = Vector128.Load(panel);
            Vector128<float> b1 = Vector128.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector128<float> x = Vector128.Create(*a0);
            left0 = Vector128.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector128.MultiplyAddEstimate(x, b1, right0);
            x = Vector128.Create(a0[row]);
            left1 = Vector128.MultiplyAddEstimate(x, b0, left1);
            right1 = Vector128.MultiplyAddEstimate(x, b1, right1);
            x = Vector128.Create(a0[2 * row]);
            left2 = Vector128.MultiplyAddEstimate(x, b0, left2);
            right2 = Vector128.MultiplyAddEstimate(x, b1, right2);
            x = Vector128.Create(*a3);
            left3 = Vector128.MultiplyAddEstimate(x, b0, left3);
            right3 = Vector128.MultiplyAddEstimate(x, b1, right3);
            a0 += step;
            a3 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
        left1.Store(c + stride);
        right1.Store(c + stride + Lanes);
        left2.Store(c + 2L * stride);
        right2.Store(c + 2L * stride + Lanes);
        left3.Store(c + 3L * stride);
        right3.Store(c + 3L * stride + Lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x128(GemmKernel.Left a, float* panel, int depth, float* c, bool load)
    {
        const int Lanes = 4;
        float* a0 = a.Data;
        long step = a.DepthStride;
        Vector128<float> left0 = Vector128<float>.Zero, right0 = Vector128<float>.Zero;
        if (load)
        {
            left0 = Vector128.Load(c);
            right0 = Vector128.Load(c + Lanes);
        }

        for (int k = 0; k < depth; k++)
        {
            Vector128<float> b0 = Vector128.Load(panel);
            Vector128<float> b1 = Vector128.Load(panel + Lanes);
            panel += 2 * Lanes;
            Vector128<float> x = Vector128.Create(*a0);
            left0 = Vector128.MultiplyAddEstimate(x, b0, left0);
            right0 = Vector128.MultiplyAddEstimate(x, b1, right0);
            a0 += step;
        }

        left0.Store(c);
        right0.Store(c + Lanes);
    }
}
