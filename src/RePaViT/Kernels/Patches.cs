using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>Cuts images into patches, so that the patch embedding is a matrix product.</summary>
internal sealed unsafe class Patches
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _gatherLine;
    private readonly int _size;
    private readonly int _patch;
    private float* _images;
    private Matrix _patches;

    /// <param name="team">Threads to share the images.</param>
    /// <param name="size">Width and height of an image.</param>
    /// <param name="patch">Width and height of a patch.</param>
    public Patches(ThreadTeam team, int size, int patch)
    {
        _team = team;
        _size = size;
        _patch = patch;
        _gatherLine = (line, _) => GatherLine(line);
    }

    private int PerSide => _size / _patch;

    /// <summary>Copies each patch to a row, as [channels, patch, patch].</summary>
    /// <param name="images">[images, channels, size, size].</param>
    /// <param name="patches">[images * patches, channels * patch * patch].</param>
    public void Gather(ReadOnlySpan<float> images, Matrix patches)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, patches.Rows * patches.Columns, nameof(images));
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
        float* top = _images + line / PerSide * channels * plane + (long)(line % PerSide) * _patch * _size;
        for (int column = 0; column < PerSide; column++)
        {
            float* to = _patches.Data + (long)(line * PerSide + column) * _patches.Stride;
            for (int channel = 0; channel < channels; channel++)
            {
                GemmPacking.CopyRows(
                    top + channel * plane + column * _patch, _size, _patch, _patch, to + channel * _patch * _patch, _patch);
            }
        }
    }
}
