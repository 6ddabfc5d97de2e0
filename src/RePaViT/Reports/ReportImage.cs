namespace RePaViT;

/// <summary>An image that a report names.</summary>
/// <param name="IsValidation">Whether it is one of the validation images; otherwise it is one of the training images.</param>
/// <param name="Place">
/// Its index in the data that both parts were taken from, or else in its part, counted from 0; with ML.NET its row.
/// </param>
/// <param name="Label">Its class, an index into the class names.</param>
/// <param name="Name">What its row says about it, such as the path of a file; empty if nothing is known.</param>
public sealed record ReportImage(bool IsValidation, int Place, int Label, string Name = "");
