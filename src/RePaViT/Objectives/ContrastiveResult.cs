namespace RePaViT.Objectives;

/// <summary>What <see cref="ContrastiveLoss"/> gives besides the gradients of vectors.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Correct">Images that are closest to their own text.</param>
/// <param name="LogScaleGradient">The gradient of the logarithm of the scale, which is what CLIP learns.</param>
internal readonly record struct ContrastiveResult(double Loss, int Correct, double LogScaleGradient);
