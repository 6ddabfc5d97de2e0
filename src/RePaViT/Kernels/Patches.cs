using System.Numerics;
using System.Runtime.CompilerServices;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Cuts images into patches, side by side or overlapping, so that a patch embedding or a convolution is a matrix product.
/// </summary>
internal sealed unsafe class Patches
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _gatherLine;
    private readonly int _size;
    private readonly int _patch;
    private readonly int _stride;
    private readonly int _padding;
    private readonly float[] _shift;
    private float* _images;
    private Matrix _patches;

    /// <param name="team">Threads to share the images.</param>
    /// <param name="size">Width and height of an image.</param>
    /// <param name="patch">Width and height of a patch.</param>
    /// <param name="stride">From one patch to the next.</param>
    /// <param name="padding">How far patches reach over the edges, where they are 0.</param>
    /// <param name="shift">What is added to each channel, but not over the edges; empty for nothing.</param>
    public Patches(ThreadTeam team, int size, int patch, int stride, int padding, float[] shift)
    {
        _team = team;
        (_size, _patch, _stride, _padding, _shift) = (size, patch, stride, padding, shift);
        _gatherLine = (line, _) => GatherLine(line);
    }

    private int PerSide => (_size + 2 * _padding - _patch) / _stride + 1;

    /// <summary>Copies each patch to a row, as [channels, patch, patch].</summary>
    /// <param name="images">[images, channels, size, size].</param>
    /// <param name="patches">[images * patches, channels * patch * patch].</param>
    public void Gather(ReadOnlySpan<float> images, Matrix patches)
    {
        long length = (long)patches.Rows / (PerSide * PerSide) * (patches.Columns / (_patch * _patch)) * _size * _size;
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, length, nameof(images));
        fixed (float* start = images)
        {
            _images = start;
            _patches = patches;
            _team.Run(patches.Rows / PerSide, _gatherLine);
        }
    }

    /// <summary>The patches side by side in an image.</summary>
    private void GatherLine(int line)
    {
        int channels = _patches.Columns / (_patch * _patch);
        long plane = (long)_size * _size;
        int top = line % PerSide * _stride - _padding;
        (int firstRow, int rows) = Inside(top);
        float* lines = _images + line / PerSide * channels * plane + (long)(top + firstRow) * _size;
        for (int column = 0; column < PerSide; column++)
        {
            int left = column * _stride - _padding;
            (int firstColumn, int columns) = Inside(left);
            float* to = _patches.Data + (long)(line * PerSide + column) * _patches.Stride;
            bool isWhole = rows == _patch && columns == _patch;
            if (!isWhole)
            {
                new Span<float>(to, _patches.Columns).Clear();
            }

            for (int channel = 0; channel < channels; channel++)
            {
                float* first = to + channel * _patch * _patch + firstRow * _patch + firstColumn;
                GemmPacking.CopyRows(lines + channel * plane + left + firstColumn, _size, rows, columns, first, _patch);
                if (_shift.Length > 0)
                {
                    Shift(first, isWhole ? 1 : rows, isWhole ? _patch * _patch : columns, _shift[channel]);
                }
            }
        }
    }

    /// <summary>The rows or columns of a patch that are in the image.</summary>
    private (int First, int Count) Inside(int start)
    {
        int first = Math.Min(_patch, Math.Max(0, -start));
        return (first, Math.Max(0, Math.Min(_patch, _size - start) - first));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Shift(float* first, int rows, int columns, float by)
    {
        var vector = new Vector<float>(by);
        for (int row = 0; row < rows; row++, first += _patch)
        {
            int column = 0;
            for (; column <= columns - Vector<float>.Count; column += Vector<float>.Count)
            {
                (Vector.Load(first + column) + vector).Store(first + column);
            }

            for (; column < columns; column++)
            {
                first[column] += by;
            }
        }
    }
}
