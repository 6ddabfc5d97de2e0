using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// The left-hand factor of a product, [rows, depth], as 8-bit integers with one scale for each row:
/// a = scale (q - <see cref="Zero"/>), q from 1 to 255. Memory is kept from one time to the next.
/// </summary>
internal sealed unsafe class QuantizedRows
{
    /// <summary>The integer that stands for 0: the instruction takes one factor without a sign.</summary>
    public const int Zero = 128;

    private readonly Action<int, int> _quantizeChunk;
    private readonly ScratchBuffer _values = new();
    private readonly ScratchBuffer _scales = new();
    private Matrix _source;
    private byte* _data;
    private float* _scale;

    public QuantizedRows() => _quantizeChunk = (chunk, _) => QuantizeChunk(chunk);

    public int Rows => _source.Rows;

    public int Depth => _source.Columns;

    /// <summary>Distance of two rows, in bytes.</summary>
    internal int Stride => GemmKernel.RoundUp(Depth, Vector256<byte>.Count);

    /// <summary>The first row. After the last one there is room for the rest of a tile, with any values.</summary>
    internal byte* Data => _data;

    /// <summary>The scale of each row.</summary>
    internal float* Scales => _scale;

    /// <summary>Takes in new values.</summary>
    /// <param name="team">Threads to share the rows.</param>
    /// <param name="source">[rows, depth].</param>
    public void Quantize(ThreadTeam team, Matrix source)
    {
        _source = source;
        long rows = GemmKernel.RoundUp(source.Rows, QuantizedGemm.TileRows);
        _data = (byte*)_values.EnsureLength(rows * Stride / sizeof(float)).Pointer;
        _scale = _scales.EnsureLength(rows).Pointer;
        team.Run(RowChunks.Count(source.Rows), _quantizeChunk);
    }

    private void QuantizeChunk(int chunk)
    {
        Matrix rows = _source.Chunk(chunk);
        int first = chunk * RowChunks.Size;
        for (int row = 0; row < rows.Rows; row++)
        {
            _scale[first + row] = QuantizeRow(rows.Data + (long)row * rows.Stride, Depth, _data + (long)(first + row) * Stride);
        }
    }

    /// <summary>
    /// Rounds a row; one of numbers near the smallest there are becomes 0. A value that is not finite makes the scale, and
    /// so the row of the product, not a number.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float QuantizeRow(float* x, int length, byte* q)
    {
        // The bits of magnitudes compare as these do, and those of NaN come last.
        Vector256<int> magnitude = Vector256.Create(int.MaxValue);
        Vector256<int> greatestBits = Vector256<int>.Zero;
        int i = 0;
        for (; i <= length - 8; i += 8)
        {
            greatestBits = Vector256.Max(greatestBits, Vector256.Load((int*)(x + i)) & magnitude);
        }

        int greatest = 0;
        for (int lane = 0; lane < 8; lane++)
        {
            greatest = Math.Max(greatest, greatestBits[lane]);
        }

        for (; i < length; i++)
        {
            greatest = Math.Max(greatest, BitConverter.SingleToInt32Bits(x[i]) & int.MaxValue);
        }

        float scale = BitConverter.Int32BitsToSingle(greatest) / QuantizedMatrix.Greatest;
        if (!float.IsFinite(scale))
        {
            return float.NaN;
        }

        float factor = float.IsNormal(scale) ? 1 / scale : 0;
        Vector256<float> factors = Vector256.Create(factor);
        Vector256<int> zero = Vector256.Create(Zero);
        for (i = 0; i <= length - 8; i += 8)
        {
            Vector256<int> rounded = Avx.ConvertToVector256Int32(Vector256.Load(x + i) * factors) + zero;
            Vector128<short> narrowed = Sse2.PackSignedSaturate(rounded.GetLower(), rounded.GetUpper());
            *(long*)(q + i) = Sse2.PackUnsignedSaturate(narrowed, narrowed).AsInt64()[0];
        }

        for (; i < length; i++)
        {
            q[i] = (byte)((int)MathF.Round(x[i] * factor) + Zero);
        }

        return scale;
    }
}
