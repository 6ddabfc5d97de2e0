namespace RePaViT;

/// <summary>A network, as it was trained or as it is deployed.</summary>
/// <param name="Parameters">Weights, biases, scales and tokens.</param>
/// <param name="MultiplyAdds">Multiply-adds for an image.</param>
/// <param name="FileBytes">Bytes of its model file; null for one that is too large to be written.</param>
/// <param name="ImagesPerSecond">Prepared images that it classified in a second on the CPU, when the report was made.</param>
/// <param name="Accuracy">Share of the evaluated images that are right, in [0, 1].</param>
/// <param name="Loss">Mean cross-entropy of their labels, in nats, at temperature 1.</param>
public sealed record ReportNetwork(
    long Parameters, long MultiplyAdds, long? FileBytes, double ImagesPerSecond, double Accuracy, double Loss);

/// <summary>The trained network beside the deployed one, both run in turns on the same images.</summary>
/// <param name="Trained">The network as it was trained.</param>
/// <param name="Deployed">The network that is deployed, at temperature 1.</param>
/// <param name="IsConverted">
/// Whether a vanilla network was converted, which changes what it computes; otherwise it was reparameterized, which does not.
/// </param>
/// <param name="BatchSize">Images that were classified together when speed was measured.</param>
/// <param name="LargestLogitDifference">The largest difference between logits of the two, over all evaluated images and classes.</param>
/// <param name="ChangedImages">Evaluated images that the two put into different classes.</param>
/// <param name="BlockErrors">What each block of a converted network has lost (<see cref="BlockConversion.Error"/>); empty for others.</param>
/// <param name="HeldOutAgreement">
/// Share of the images held out from conversion that keep their class (<see cref="ConversionReport.HeldOutAgreement"/>); null where it
/// is not known.
/// </param>
public sealed record ReportComparison(
    ReportNetwork Trained,
    ReportNetwork Deployed,
    bool IsConverted,
    int BatchSize,
    double LargestLogitDifference,
    int ChangedImages,
    IReadOnlyList<double> BlockErrors,
    double? HeldOutAgreement);
