namespace RePaViT.Data;

/// <summary>A data set that knows a hash of each image's pixels, for instance because it decoded them.</summary>
internal interface IHashedImages
{
    /// <summary>A hash of the pixels of an image.</summary>
    /// <param name="index">In [0, number of images).</param>
    ulong GetHash(int index);
}
