namespace RePaViT;

/// <summary>Images whose most probable class has a probability within some range.</summary>
/// <param name="From">Where the range begins, in [0, 1); it is part of the range only at 0.</param>
/// <param name="To">Where it ends, in (0, 1]; it is part of the range.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Confidence">Mean of these probabilities; null if there is no image.</param>
/// <param name="Accuracy">Share of the images that are right; null if there is none.</param>
public sealed record ReportBin(double From, double To, int Images, double? Confidence, double? Accuracy);
