using RePaViT.Randomness;

namespace RePaViT.Benchmarks;

/// <summary>Some images of a data set, as many of each class.</summary>
internal static class BalancedImages
{
    /// <param name="images">Where they are from.</param>
    /// <param name="count">How many; rounded down to a multiple of the number of classes.</param>
    /// <param name="seed">Chooses them.</param>
    public static IImageDataset Draw(IImageDataset images, int count, ulong seed)
    {
        int perClass = count / images.ClassNames.Count;
        int[] order = new RandomStream(seed, RandomPurpose.Sample).NextPermutation(images.Count);
        return new SubsetImageDataset(images, [.. order.GroupBy(images.GetLabel).SelectMany(group => group.Take(perClass)).Order()]);
    }
}
