using System.Buffers;
using System.Numerics.Tensors;

namespace RePaViT.Data;

/// <summary>For every output position along one axis: where its source pixels start, and their weights.</summary>
internal readonly struct FilterTaps : IDisposable
{
    private readonly int[] _starts;
    private readonly int[] _counts;
    private readonly float[] _weights;
    private readonly int _stride;

    public FilterTaps(int sourceLength, double offset, double length, int size, Interpolation interpolation)
    {
        double step = length / size;
        double widening = Math.Max(step, 1);
        double support = widening * (interpolation == Interpolation.Bilinear ? 1 : 2);
        _stride = Math.Min(sourceLength, 2 * (int)Math.Ceiling(support) + 1);
        _starts = ArrayPool<int>.Shared.Rent(size);
        _counts = ArrayPool<int>.Shared.Rent(size);
        _weights = ArrayPool<float>.Shared.Rent(checked(size * _stride));
        for (int i = 0; i < size; i++)
        {
            double center = offset + (i + 0.5) * step;
            int start = Math.Max(0, (int)Math.Floor(center - support + 0.5));
            int count = Math.Min(sourceLength, (int)Math.Floor(center + support + 0.5)) - start;
            Span<float> weights = _weights.AsSpan(i * _stride, count);
            double sum = 0;
            for (int tap = 0; tap < count; tap++)
            {
                double weight = Filter((start + tap + 0.5 - center) / widening, interpolation);
                weights[tap] = (float)weight;
                sum += weight;
            }

            TensorPrimitives.Multiply(weights, (float)(1 / sum), weights);
            _starts[i] = start;
            _counts[i] = count;
        }
    }

    public int Start(int position) => _starts[position];

    public ReadOnlySpan<float> Weights(int position) => _weights.AsSpan(position * _stride, _counts[position]);

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_starts);
        ArrayPool<int>.Shared.Return(_counts);
        ArrayPool<float>.Shared.Return(_weights);
    }

    /// <summary>The triangle, or Keys' cubic with a = -0.5: |x| in pixels of the coarser of the two grids.</summary>
    private static double Filter(double x, Interpolation interpolation)
    {
        x = Math.Abs(x);
        if (interpolation == Interpolation.Bilinear)
        {
            return Math.Max(0, 1 - x);
        }

        return x switch
        {
            < 1 => (1.5 * x - 2.5) * x * x + 1,
            < 2 => ((-0.5 * x + 2.5) * x - 4) * x + 2,
            _ => 0,
        };
    }
}
