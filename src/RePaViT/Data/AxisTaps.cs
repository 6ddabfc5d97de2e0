using System.Numerics.Tensors;

namespace RePaViT.Data;

/// <summary>What the values along one axis of a grid become on another grid: for each new place, old places and their weights.</summary>
/// <param name="Places">By new place.</param>
internal sealed record AxisTaps((int Place, float Weight)[][] Places)
{
    // Keys' cubic as PyTorch has it where nothing widens it.
    private const double Sharpness = -0.75;

    /// <summary>A cubic of a = -0.5 whose support widens with the reduction: PyTorch's "bicubic" with antialias.</summary>
    public static AxisTaps Antialiased(int from, int to)
    {
        var places = new (int, float)[to][];
        using var taps = new FilterTaps(from, 0, from, to, Interpolation.Bicubic);
        for (int i = 0; i < to; i++)
        {
            int start = taps.Start(i);
            places[i] = [.. taps.Weights(i).ToArray().Select((weight, tap) => (start + tap, weight))];
        }

        return new AxisTaps(places);
    }

    /// <summary>A cubic of a = -0.75 through the four nearest places, the last ones standing for those beyond: without antialias.</summary>
    public static AxisTaps Cubic(int from, int to)
    {
        var places = new (int, float)[to][];
        for (int i = 0; i < to; i++)
        {
            double center = (i + 0.5) * from / to - 0.5;
            int left = (int)Math.Floor(center);
            places[i] = [.. Enumerable.Range(left - 1, 4).Select(place => (Math.Clamp(place, 0, from - 1), (float)Filter(Math.Abs(center - place))))];
        }

        return new AxisTaps(places);
    }

    /// <summary>Between the nearest two of places that are at any distances, the last ones standing for those beyond.</summary>
    /// <param name="at">Where the old values are, in ascending order.</param>
    /// <param name="wanted">Where the new ones are.</param>
    public static AxisTaps Linear(double[] at, double[] wanted) => new(Array.ConvertAll(wanted, x =>
    {
        int right = Array.FindIndex(at, place => place >= x);
        if (right <= 0)
        {
            return [(right == 0 ? 0 : at.Length - 1, 1f)];
        }

        double share = (x - at[right - 1]) / (at[right] - at[right - 1]);
        return new[] { (right - 1, (float)(1 - share)), (right, (float)share) };
    }));

    /// <summary>Resamples a square grid along both axes.</summary>
    /// <param name="grid">[from, from, channels].</param>
    /// <param name="from">Width and height of the grid.</param>
    /// <returns>[to, to, channels].</returns>
    public float[] Resample(ReadOnlySpan<float> grid, int from)
    {
        int to = Places.Length;
        int channels = grid.Length / (from * from);
        float[] lines = new float[to * from * channels];
        Combine(grid, from * channels, lines);
        float[] values = new float[to * to * channels];
        for (int line = 0; line < to; line++)
        {
            Combine(lines.AsSpan(line * from * channels, from * channels), channels, values.AsSpan(line * to * channels, to * channels));
        }

        return values;
    }

    /// <summary>Weighs rows of some length.</summary>
    private void Combine(ReadOnlySpan<float> source, int length, Span<float> target)
    {
        for (int i = 0; i < Places.Length; i++)
        {
            Span<float> row = target.Slice(i * length, length);
            foreach ((int place, float weight) in Places[i])
            {
                TensorPrimitives.MultiplyAdd(source.Slice(place * length, length), weight, row, row);
            }
        }
    }

    private static double Filter(double x) => x <= 1
        ? ((Sharpness + 2) * x - (Sharpness + 3)) * x * x + 1
        : ((Sharpness * x - 5 * Sharpness) * x + 8 * Sharpness) * x - 4 * Sharpness;
}
