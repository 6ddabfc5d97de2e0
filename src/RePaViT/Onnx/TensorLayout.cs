using RePaViT.Architectures;
using RePaViT.IO;

namespace RePaViT.Onnx;

/// <summary>
/// How tensors lie in an ONNX file. The matrix of a linear layer is [outputs, inputs] here but the right factor of a
/// MatMul there, so it is stored transposed; everything else is stored as it is.
/// </summary>
internal static class TensorLayout
{
    // 16 floats fill a cache line.
    private const int BlockRows = 16;

    public static bool IsTransposed(TensorSpec spec) => spec is { Role: TensorRole.Weight, Shape.Length: 2 };

    /// <summary>The shape of a tensor in a file.</summary>
    public static int[] StoredShape(TensorSpec spec) => IsTransposed(spec) ? [spec.Shape[1], spec.Shape[0]] : spec.Shape;

    public static void Write(Stream stream, TensorSpec spec, WeightTensor tensor)
    {
        if (!IsTransposed(spec))
        {
            LittleEndian.WriteSingles(stream, tensor.Data);
            return;
        }

        (int outputs, int inputs) = (spec.Shape[0], spec.Shape[1]);
        var block = new float[Math.Min(BlockRows, inputs) * outputs];
        for (int start = 0; start < inputs; start += BlockRows)
        {
            int rows = Math.Min(BlockRows, inputs - start);
            for (int output = 0; output < outputs; output++)
            {
                ReadOnlySpan<float> source = tensor.Data.Slice(output * inputs + start, rows);
                for (int row = 0; row < rows; row++)
                {
                    block[row * outputs + output] = source[row];
                }
            }

            LittleEndian.WriteSingles(stream, block.AsSpan(0, rows * outputs));
        }
    }

    /// <exception cref="EndOfStreamException">The stream ends before all values are read.</exception>
    public static WeightTensor Read(Stream stream, TensorSpec spec)
    {
        var data = new float[spec.Length];
        if (!IsTransposed(spec))
        {
            LittleEndian.ReadSingles(stream, data);
            return new WeightTensor(data, spec.Shape);
        }

        (int outputs, int inputs) = (spec.Shape[0], spec.Shape[1]);
        var block = new float[Math.Min(BlockRows, inputs) * outputs];
        for (int start = 0; start < inputs; start += BlockRows)
        {
            int rows = Math.Min(BlockRows, inputs - start);
            LittleEndian.ReadSingles(stream, block.AsSpan(0, rows * outputs));
            for (int output = 0; output < outputs; output++)
            {
                Span<float> destination = data.AsSpan(output * inputs + start, rows);
                for (int row = 0; row < rows; row++)
                {
                    destination[row] = block[row * outputs + output];
                }
            }
        }

        return new WeightTensor(data, spec.Shape);
    }
}
