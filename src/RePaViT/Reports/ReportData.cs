namespace RePaViT;

/// <summary>Findings about the training and validation images.</summary>
public sealed record ReportData
{
    /// <summary>The training images.</summary>
    public required ReportImages Training { get; init; }

    /// <summary>The validation images; null if there were none.</summary>
    public required ReportImages? Validation { get; init; }

    /// <summary>The number of training images in the largest class, divided by that in the smallest class that has any.</summary>
    public required double Imbalance { get; init; }

    /// <summary>Classes with fewer than 20 training images, those without any included.</summary>
    public required IReadOnlyList<string> FewImages { get; init; }

    /// <summary>Validation images whose pixels are those of a training image, so that they measure memorization.</summary>
    public required int SharedImages { get; init; }

    /// <summary>Images beyond the first of their group of equal pixels, over both parts.</summary>
    public required int Copies { get; init; }

    /// <summary>Groups of images with equal pixels and different labels; at most one label of each group is right.</summary>
    public required int ContradictingGroups { get; init; }

    /// <summary>
    /// Groups of images with equal pixels, at most 50: those with different labels first, then those in both parts.
    /// </summary>
    public required IReadOnlyList<ReportDuplicates> Duplicates { get; init; }

    /// <summary>What was left out and why, a line for each row or reason; empty if no loader reported any.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }
}
