namespace RePaViT.Kernels;

/// <summary>Cuts images into patches, so that the patch embedding is a matrix product.</summary>
internal sealed unsafe class Patches
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _gatherImage;
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
        _gatherImage = GatherImage;
    }

    private int PerImage => _size / _patch * (_size / _patch);

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
            _team.Run(patches.Rows / PerImage, _gatherImage);
        }
    }

    private void GatherImage(int image, int worker)
    {
        int perSide = _size / _patch;
        int channels = _patches.Columns / (_patch * _patch);
        float* pixels = _images + (long)image * channels * _size * _size;
        for (int index = 0; index < PerImage; index++)
        {
            Span<float> row = _patches.Row(image * PerImage + index);
            int top = index / perSide * _patch;
            int left = index % perSide * _patch;
            for (int line = 0; line < channels * _patch; line++)
            {
                int y = line / _patch * _size + top + line % _patch;
                new ReadOnlySpan<float>(pixels + (long)y * _size + left, _patch).CopyTo(row.Slice(line * _patch, _patch));
            }
        }
    }
}
