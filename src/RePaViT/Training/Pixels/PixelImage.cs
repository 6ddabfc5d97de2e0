using System.Buffers;

namespace RePaViT.Training.Pixels;

/// <summary>
/// An image of 8-bit samples that operations change in place, for those that are defined on 8 bits: R, G, B interleaved,
/// row by row from the top. Its memory is rented, because every training image needs one.
/// </summary>
internal readonly struct PixelImage : IDisposable
{
    private readonly byte[] _samples;
    private readonly byte[] _snapshot;

    /// <summary>An image whose samples are still arbitrary.</summary>
    public PixelImage(int width, int height)
    {
        Width = width;
        Height = height;
        _samples = ArrayPool<byte>.Shared.Rent(Length);
        _snapshot = ArrayPool<byte>.Shared.Rent(Length);
    }

    public int Width { get; }

    public int Height { get; }

    public Span<byte> Samples => _samples.AsSpan(0, Length);

    private int Length => 3 * Width * Height;

    /// <summary>The samples as they are now, valid until the next call.</summary>
    public ReadOnlySpan<byte> Snapshot()
    {
        Span<byte> snapshot = _snapshot.AsSpan(0, Length);
        Samples.CopyTo(snapshot);
        return snapshot;
    }

    /// <summary>Takes planes [3, height, width] of values in [0, 255], rounded.</summary>
    public void Load(ReadOnlySpan<float> planes)
    {
        int area = Width * Height;
        Span<byte> samples = Samples;
        ReadOnlySpan<float> red = planes[..area];
        ReadOnlySpan<float> green = planes.Slice(area, area);
        ReadOnlySpan<float> blue = planes.Slice(2 * area, area);
        for (int i = 0; i < red.Length; i++)
        {
            samples[3 * i] = Round(red[i]);
            samples[3 * i + 1] = Round(green[i]);
            samples[3 * i + 2] = Round(blue[i]);
        }

        static byte Round(float value) => (byte)(int)(value + 0.5f);
    }

    /// <summary>Writes planes [3, height, width].</summary>
    public void Store(Span<float> planes)
    {
        int area = Width * Height;
        ReadOnlySpan<byte> samples = Samples;
        Span<float> red = planes[..area];
        Span<float> green = planes.Slice(area, area);
        Span<float> blue = planes.Slice(2 * area, area);
        for (int i = 0; i < red.Length; i++)
        {
            red[i] = samples[3 * i];
            green[i] = samples[3 * i + 1];
            blue[i] = samples[3 * i + 2];
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_samples);
        ArrayPool<byte>.Shared.Return(_snapshot);
    }
}
