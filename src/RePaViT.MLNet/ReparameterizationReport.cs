namespace RePaViT;

/// <summary>
/// What structural reparameterization gained, and evidence that it changed nothing else; for a converted network, what
/// conversion gained and changed.
/// </summary>
/// <param name="Trained">Parameters and multiply-adds of the network as it is trained.</param>
/// <param name="Deployed">Parameters and multiply-adds of the network that scores and is saved.</param>
/// <param name="LargestDifference">
/// The largest difference between the class probabilities of the two networks on a sample of the images; null for a model
/// that was loaded, because a saved model holds the deployed network only.
/// </param>
/// <param name="Images">Number of images in that sample; 0 for a model that was loaded.</param>
public sealed record ReparameterizationReport(
    NetworkCost Trained, NetworkCost Deployed, double? LargestDifference, int Images);
