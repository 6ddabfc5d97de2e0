using System.Buffers;
using System.Numerics.Tensors;

namespace RePaViT.Training.Pixels;

/// <summary>Blurs planes by a Gaussian, along rows and then along columns; beyond the edges, the outermost pixels continue.</summary>
internal static class GaussianBlur
{
    // Beyond, weights are below 1 %.
    private const double DeviationsPerRadius = 3;

    /// <param name="planes">[planes, size, size], changed in place.</param>
    /// <param name="size">Width and height.</param>
    /// <param name="deviation">The standard deviation, in pixels, above 0.</param>
    public static void Apply(Span<float> planes, int size, double deviation)
    {
        float[] weights = Weights(deviation);
        int radius = weights.Length / 2;
        int padded = size + 2 * radius;
        float[] rented = ArrayPool<float>.Shared.Rent(padded * size);
        Span<float> lines = rented.AsSpan(0, padded * size);
        for (int start = 0; start < planes.Length; start += size * size)
        {
            Span<float> plane = planes.Slice(start, size * size);
            Span<float> row = lines[..padded];
            for (int y = 0; y < size; y++)
            {
                Span<float> target = plane.Slice(y * size, size);
                row[..radius].Fill(target[0]);
                target.CopyTo(row[radius..]);
                row[(radius + size)..].Fill(target[^1]);
                Weigh(row, 1, weights, target);
            }

            for (int line = 0; line < padded; line++)
            {
                plane.Slice(Math.Clamp(line - radius, 0, size - 1) * size, size).CopyTo(lines[(line * size)..]);
            }

            Weigh(lines, size, weights, plane);
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private static float[] Weights(double deviation)
    {
        int radius = Math.Max(1, (int)Math.Ceiling(DeviationsPerRadius * deviation));
        double[] weights = [.. Enumerable.Range(-radius, 2 * radius + 1).Select(place => Math.Exp(-0.5 * place * place / (deviation * deviation)))];
        double sum = weights.Sum();
        return Array.ConvertAll(weights, weight => (float)(weight / sum));
    }

    /// <summary>y[i] = sum of weights[k] x[i + k step].</summary>
    private static void Weigh(ReadOnlySpan<float> x, int step, float[] weights, Span<float> y)
    {
        y.Clear();
        for (int k = 0; k < weights.Length; k++)
        {
            TensorPrimitives.MultiplyAdd(x.Slice(k * step, y.Length), weights[k], y, y);
        }
    }
}
