namespace RePaViT;

/// <summary>The trained network compared with the deployed one, both run in turns on the same images.</summary>
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
/// Share of the images held out from conversion that keep their class (<see cref="ConversionReport.HeldOutAgreement"/>); null if it is
/// not known.
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
