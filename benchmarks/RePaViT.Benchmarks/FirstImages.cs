namespace RePaViT.Benchmarks;

/// <summary>The first images of a data set.</summary>
internal static class FirstImages
{
    /// <summary>So many of them; null for all.</summary>
    public static IImageDataset Of(IImageDataset images, int? count)
        => count is int some ? new SubsetImageDataset(images, [.. Enumerable.Range(0, some)]) : images;
}
