namespace RePaViT;

/// <summary>The performance of a model on labeled images.</summary>
/// <param name="Accuracy">Share of images whose most probable class is their label, 0 to 1.</param>
/// <param name="Loss">Mean cross-entropy of the label, in nats.</param>
/// <param name="Images">Number of images.</param>
public sealed record Evaluation(double Accuracy, double Loss, int Images);
