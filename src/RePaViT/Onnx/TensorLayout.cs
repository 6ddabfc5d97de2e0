using System.Buffers;
using System.Runtime.InteropServices;
using RePaViT.IO;
using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Weights;

namespace RePaViT.Onnx;

/// <summary>
/// How tensors lie in an ONNX file. The matrix of a linear layer is [outputs, inputs] here but the right factor of a
/// MatMul there, so it is stored transposed, as is a filter of one place; everything else is stored as it is.
/// </summary>
internal static class TensorLayout
{
    // 16 floats fill a cache line.
    private const int BlockRows = 16;

    // 256 KiB: stays in cache between the file and the panels.
    private const int BlockLength = 1 << 16;

    public static bool IsTransposed(TensorSpec spec) => spec is { Role: TensorRole.Weight, Shape.Length: 2 } or { IsPointwise: true };

    /// <summary>The shape of a tensor in a file.</summary>
    public static int[] StoredShape(TensorSpec spec) => IsTransposed(spec) ? [spec.Shape[1], spec.Shape[0]] : spec.Shape;

    public static void Write(Stream stream, TensorSpec spec, WeightTensor tensor)
        => ForEachBlock(spec, tensor, block => LittleEndian.WriteSingles(stream, block));

    /// <summary>The hash of a tensor as a file will hold it.</summary>
    public static ContentHash Hash(TensorSpec spec, WeightTensor tensor)
    {
        ContentHash hash = BeginHash(spec);
        ForEachBlock(spec, tensor, hash.Add);
        return hash;
    }

    /// <summary>Reads a tensor and hashes it at the same time. Matrices go directly to where the kernels read them.</summary>
    /// <exception cref="EndOfStreamException">The stream ends before all values are read.</exception>
    /// <exception cref="ArgumentException">A value of a matrix is not a finite number.</exception>
    public static (WeightTensor Tensor, ContentHash Hash) Read(Stream stream, TensorSpec spec)
    {
        ContentHash hash = BeginHash(spec);
        if (IsTransposed(spec))
        {
            return (new WeightTensor(ReadMatrix(stream, spec, hash), spec.Shape), hash);
        }

        var data = new float[spec.Length];
        LittleEndian.ReadSingles(stream, data);
        hash.Add(data);
        return (new WeightTensor(data, spec.Shape), hash);
    }

    private static ContentHash BeginHash(TensorSpec spec)
    {
        var hash = new ContentHash();
        hash.BeginTensor(spec.Name, StoredShape(spec));
        return hash;
    }

    private static void ForEachBlock(TensorSpec spec, WeightTensor tensor, Action<ReadOnlySpan<float>> use)
    {
        if (!IsTransposed(spec))
        {
            use(tensor.Data);
            return;
        }

        (int outputs, int inputs) = (spec.Shape[0], spec.Shape[1]);
        ReadOnlySpan<float> weight = tensor.IsPacked ? tensor.ToArray() : tensor.Data;
        var block = new float[Math.Min(BlockRows, inputs) * outputs];
        for (int start = 0; start < inputs; start += BlockRows)
        {
            int rows = Math.Min(BlockRows, inputs - start);
            for (int output = 0; output < outputs; output++)
            {
                ReadOnlySpan<float> source = weight.Slice(output * inputs + start, rows);
                for (int row = 0; row < rows; row++)
                {
                    block[row * outputs + output] = source[row];
                }
            }

            use(block.AsSpan(0, rows * outputs));
        }
    }

    private static PackedMatrix ReadMatrix(Stream stream, TensorSpec spec, ContentHash hash)
    {
        (int outputs, int inputs) = (spec.Shape[0], spec.Shape[1]);
        var packed = new PackedMatrix(inputs, outputs);
        int blockRows = Math.Clamp(BlockLength / outputs, 1, inputs);

        // Pools of bytes are compiled already when a process starts, those of floats are not.
        byte[] block = ArrayPool<byte>.Shared.Rent(checked(blockRows * outputs * sizeof(float)));
        for (int input = 0; input < inputs; input += blockRows)
        {
            Span<float> rows = MemoryMarshal.Cast<byte, float>(block.AsSpan())[..(Math.Min(blockRows, inputs - input) * outputs)];
            LittleEndian.ReadSingles(stream, rows);
            hash.Add(rows);
            int wrong = TensorValues.IndexOfNotFinite(rows);
            if (wrong >= 0)
            {
                long index = (long)(wrong % outputs) * inputs + input + wrong / outputs;
                throw TensorValues.Refusal(TensorValues.Describe(spec.Name, rows[wrong], index));
            }

            packed.SetRows(input, rows);
        }

        ArrayPool<byte>.Shared.Return(block);
        return packed;
    }
}
