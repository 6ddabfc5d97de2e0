using System.Numerics;
using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>p = exp(x - max) / sum, for each row.</summary>
internal static unsafe class Softmax
{
    /// <summary>Turns scores into probabilities, in place.</summary>
    public static void Forward(Span<float> row)
    {
        fixed (float* x = row)
        {
            Forward(x, row.Length);
        }
    }

    internal static void Forward(float* x, int length)
    {
        float max = Reduce.Max(x, length);
        var maxima = new Vector<float>(max);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            VectorMath.Exp(Vector.Load(x + i) - maxima).Store(x + i);
        }

        if (i < length)
        {
            var tail = new Span<float>(x + i, length - i);
            VectorMath.Exp(Lanes.Load(tail) - maxima).StoreFirst(tail);
        }

        float scale = 1 / Reduce.Sum(x, length);
        TensorPrimitives.Multiply(
            new ReadOnlySpan<float>(x, length), scale, new Span<float>(x, length));
    }
}
