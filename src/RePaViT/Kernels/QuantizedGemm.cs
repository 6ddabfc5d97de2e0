using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Products of 8-bit integers on a team of threads, on machines with an instruction that adds four of them to a 32-bit sum
/// (AVX-VNNI). The sums are exact; only the factors were rounded.
/// </summary>
internal sealed unsafe class QuantizedGemm
{
    /// <summary>Rows of a tile of the result.</summary>
    public const int TileRows = 6;

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _runTask;
    private QuantizedRows _a = null!;
    private QuantizedMatrix _b = null!;
    private Matrix _c;
    private GemmEpilogue _epilogue;
    private bool _accumulate;
    private GemmTasks _tasks;

    public QuantizedGemm(ThreadTeam team)
    {
        _team = team;
        _runTask = RunTask;
    }

    /// <summary>Whether this machine has the instruction, and so is faster with integers than with floats.</summary>
    public static bool IsSupported => AvxVnni.IsSupported;

    /// <summary>c = epilogue(a b), or epilogue(c + a b).</summary>
    /// <param name="a">[rows, depth].</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="epilogue">What to do with each value at the end.</param>
    /// <param name="accumulate">Whether to start from c.</param>
    public void Multiply(QuantizedRows a, QuantizedMatrix b, Matrix c, GemmEpilogue epilogue = default, bool accumulate = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(a.Rows, c.Rows, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(a.Depth, b.Depth, nameof(a));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Columns, c.Columns, nameof(b));
        if (c.Rows == 0 || c.Columns == 0)
        {
            return;
        }

        (_a, _b, _c, _epilogue, _accumulate) = (a, b, c, epilogue, accumulate);
        _tasks = new GemmTasks(c.Rows, TileRows, b.PanelCount, _team.Size, GemmTasks.PerThread);
        _team.Run(_tasks.Count, _runTask);
    }

    private void RunTask(int task, int worker)
    {
        (int row, int rows) = _tasks.Rows(task);
        (int firstPanel, int panels) = _tasks.Panels(task);
        int* sums = stackalloc int[TileRows * QuantizedMatrix.PanelWidth];
        for (int panel = firstPanel; panel < firstPanel + panels; panel++)
        {
            int column = panel * QuantizedMatrix.PanelWidth;
            int width = Math.Min(QuantizedMatrix.PanelWidth, _c.Columns - column);
            GemmEpilogue epilogue = _epilogue.Skip(column);
            for (int i = row; i < row + rows; i += TileRows)
            {
                int height = Math.Min(TileRows, row + rows - i);
                float* tile = _c.Data + (long)i * _c.Stride + column;
                Sum(_a.Data + (long)i * _a.Stride, _a.Stride, _b.Panel(panel), _b.Depth, _b.Offsets + column, sums);
                Scale(sums, _a.Scales + i, _b.Scales + column, epilogue.Bias, _accumulate, tile, _c.Stride, height, width);
                epilogue.Activate(tile, _c.Stride, height, width);
            }
        }
    }

    /// <summary>sums = offsets + a b for a tile of 6 rows and one panel.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Sum(byte* a, long stride, sbyte* panel, int depth, int* offsets, int* sums)
    {
        byte* a3 = a + 3 * stride;
        Vector256<int> left0 = Vector256.Load(offsets), right0 = Vector256.Load(offsets + 8);
        Vector256<int> left1 = left0, right1 = right0;
        Vector256<int> left2 = left0, right2 = right0;
        Vector256<int> left3 = left0, right3 = right0;
        Vector256<int> left4 = left0, right4 = right0;
        Vector256<int> left5 = left0, right5 = right0;
        for (int k = 0; k < depth; k += QuantizedMatrix.DepthUnit)
        {
            Vector256<sbyte> b0 = Vector256.Load(panel);
            Vector256<sbyte> b1 = Vector256.Load(panel + 32);
            panel += 64;
            Vector256<byte> x = Vector256.Create(*(int*)a).AsByte();
            left0 = AvxVnni.MultiplyWideningAndAdd(left0, x, b0);
            right0 = AvxVnni.MultiplyWideningAndAdd(right0, x, b1);
            x = Vector256.Create(*(int*)(a + stride)).AsByte();
            left1 = AvxVnni.MultiplyWideningAndAdd(left1, x, b0);
            right1 = AvxVnni.MultiplyWideningAndAdd(right1, x, b1);
            x = Vector256.Create(*(int*)(a + 2 * stride)).AsByte();
            left2 = AvxVnni.MultiplyWideningAndAdd(left2, x, b0);
            right2 = AvxVnni.MultiplyWideningAndAdd(right2, x, b1);
            x = Vector256.Create(*(int*)a3).AsByte();
            left3 = AvxVnni.MultiplyWideningAndAdd(left3, x, b0);
            right3 = AvxVnni.MultiplyWideningAndAdd(right3, x, b1);
            x = Vector256.Create(*(int*)(a3 + stride)).AsByte();
            left4 = AvxVnni.MultiplyWideningAndAdd(left4, x, b0);
            right4 = AvxVnni.MultiplyWideningAndAdd(right4, x, b1);
            x = Vector256.Create(*(int*)(a3 + 2 * stride)).AsByte();
            left5 = AvxVnni.MultiplyWideningAndAdd(left5, x, b0);
            right5 = AvxVnni.MultiplyWideningAndAdd(right5, x, b1);
            a += QuantizedMatrix.DepthUnit;
            a3 += QuantizedMatrix.DepthUnit;
        }

        left0.Store(sums);
        right0.Store(sums + 8);
        left1.Store(sums + 16);
        right1.Store(sums + 24);
        left2.Store(sums + 32);
        right2.Store(sums + 40);
        left3.Store(sums + 48);
        right3.Store(sums + 56);
        left4.Store(sums + 64);
        right4.Store(sums + 72);
        left5.Store(sums + 80);
        right5.Store(sums + 88);
    }

    /// <summary>c = (0 or c) + bias + sums rowScale columnScale for a tile, or for the first rows and columns of one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Scale(
        int* sums, float* rowScales, float* columnScales, float* bias, bool accumulate, float* c, long stride, int height, int width)
    {
        int column = 0;
        for (; column <= width - Vector256<float>.Count; column += Vector256<float>.Count)
        {
            Vector256<float> scales = Vector256.Load(columnScales + column);
            Vector256<float> start = bias == null ? Vector256<float>.Zero : Vector256.Load(bias + column);
            for (int row = 0; row < height; row++)
            {
                float* to = c + row * stride + column;
                Vector256<float> from = accumulate ? start + Vector256.Load(to) : start;
                Vector256<float> sum = Vector256.ConvertToSingle(Vector256.Load(sums + row * QuantizedMatrix.PanelWidth + column));
                Vector256.MultiplyAddEstimate(sum, scales * Vector256.Create(rowScales[row]), from).Store(to);
            }
        }

        for (; column < width; column++)
        {
            for (int row = 0; row < height; row++)
            {
                float* to = c + row * stride + column;
                float from = (accumulate ? *to : 0) + (bias == null ? 0 : bias[column]);
                *to = MathF.FusedMultiplyAdd(sums[row * QuantizedMatrix.PanelWidth + column], columnScales[column] * rowScales[row], from);
            }
        }
    }
}
