namespace RePaViT;

/// <summary>Images whose most probable class has a probability within some range.</summary>
/// <param name="From">The lower end of the range, in [0, 1); it belongs to the range only if it is 0.</param>
/// <param name="To">The upper end, in (0, 1]; it belongs to the range.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Confidence">Mean of these probabilities; null if there is no image.</param>
/// <param name="Accuracy">Share of the images that are classified correctly; null if there is none.</param>
public sealed record ReportBin(double From, double To, int Images, double? Confidence, double? Accuracy);
