namespace RePaViT.Conversion;

/// <summary>What enters a block in the converted network, and what leaves it in the original one, for all calibration images.</summary>
/// <param name="converted">In the converted network, in front of the block.</param>
/// <param name="original">In the original network, after the block.</param>
/// <param name="rowWeights">How often each row of an image counts.</param>
internal sealed class BlockImages(ImageStream converted, ImageStream original, float[] rowWeights)
{
    /// <summary>How often each row of an image counts.</summary>
    public float[] RowWeights => rowWeights;

    /// <summary>Goes through the images, some at a time.</summary>
    /// <param name="use">Gets their number, what enters [rows, dim], and what should leave.</param>
    /// <param name="limit">The most images.</param>
    public void ForEach(Action<int, float[], float[]> use, int limit = int.MaxValue)
    {
        converted.ForEachBatch(converted.ImagesPerBatch, (first, count) =>
        {
            if (first < limit)
            {
                use(count, converted.Read(first, count), original.Read(first, count));
            }
        });
    }
}
