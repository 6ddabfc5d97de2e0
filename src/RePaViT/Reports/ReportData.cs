namespace RePaViT;

/// <summary>What is to be known about the images that were trained and validated on.</summary>
public sealed record ReportData
{
    /// <summary>The training images.</summary>
    public required ReportImages Training { get; init; }

    /// <summary>The validation images; null if there were none.</summary>
    public required ReportImages? Validation { get; init; }

    /// <summary>Images in the largest class for each one in the smallest that has any, over the training images.</summary>
    public required double Imbalance { get; init; }

    /// <summary>Classes with fewer than 20 training images, those without any included.</summary>
    public required IReadOnlyList<string> FewImages { get; init; }

    /// <summary>Validation images whose pixels are those of a training image, so that they measure memory.</summary>
    public required int SharedImages { get; init; }

    /// <summary>Images beyond the first of their group of equal pixels, over both parts.</summary>
    public required int Copies { get; init; }

    /// <summary>Groups of images with equal pixels and different labels, of which all but one are wrong.</summary>
    public required int ContradictingGroups { get; init; }

    /// <summary>
    /// Groups of images with equal pixels, at most 50: those with different labels first, then those in both parts.
    /// </summary>
    public required IReadOnlyList<ReportDuplicates> Duplicates { get; init; }

    /// <summary>What was left out and why, a line for each row or reason; empty where no loader told of any.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }
}

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

/// <summary>Images with equal pixels.</summary>
/// <param name="Images">Two or more, at most 20 of them.</param>
/// <param name="Count">How many there are.</param>
public sealed record ReportDuplicates(IReadOnlyList<ReportImage> Images, int Count);
