namespace RePaViT;

/// <summary>Images with equal pixels.</summary>
/// <param name="Images">Two or more, at most 20 of them.</param>
/// <param name="Count">How many there are.</param>
public sealed record ReportDuplicates(IReadOnlyList<ReportImage> Images, int Count);
