namespace RePaViT.Kernels;

/// <summary>Cuts images into patches, so that the patch embedding is a matrix product.</summary>
internal static unsafe class Patches
{
    /// <summary>Copies the patches of one image to rows: each row holds a patch as [channels, patch, patch].</summary>
    /// <param name="image">[channels, size, size].</param>
    /// <param name="size">Width and height of the image.</param>
    /// <param name="patch">Width and height of a patch.</param>
    /// <param name="patches">[(size / patch)^2, channels * patch * patch].</param>
    public static void Gather(ReadOnlySpan<float> image, int size, int patch, Matrix patches)
    {
        int perSide = size / patch;
        int channels = patches.Columns / (patch * patch);
        ArgumentOutOfRangeException.ThrowIfNotEqual(image.Length, channels * size * size, nameof(image));
        for (int index = 0; index < patches.Rows; index++)
        {
            Span<float> row = patches.Row(index);
            int top = index / perSide * patch;
            int left = index % perSide * patch;
            for (int channel = 0; channel < channels; channel++)
            {
                for (int y = 0; y < patch; y++)
                {
                    image.Slice((channel * size + top + y) * size + left, patch)
                        .CopyTo(row.Slice((channel * patch + y) * patch, patch));
                }
            }
        }
    }
}
