namespace RePaViT;

/// <summary>Sizes of some images, as they were kept for training: ML.NET's trainer reduces large ones.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="LeastWidth">The least width, in pixels.</param>
/// <param name="LeastHeight">The least height.</param>
/// <param name="MedianWidth">The median width.</param>
/// <param name="MedianHeight">The median height.</param>
/// <param name="LargestWidth">The largest width.</param>
/// <param name="LargestHeight">The largest height.</param>
/// <param name="Small">Images whose shorter side is shorter than the network's input: they are enlarged.</param>
public sealed record ReportImages(
    int Images, int LeastWidth, int LeastHeight, int MedianWidth, int MedianHeight, int LargestWidth, int LargestHeight, int Small);
