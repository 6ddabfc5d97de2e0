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
