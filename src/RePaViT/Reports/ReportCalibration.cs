namespace RePaViT;

/// <summary>How well probabilities say how often the network is right (Guo et al., arXiv 1706.04599).</summary>
/// <param name="Temperature">What logits are divided by.</param>
/// <param name="Loss">Mean cross-entropy of the labels, in nats.</param>
/// <param name="ExpectedError">Expected calibration error: the mean of |accuracy - confidence| over bins, by their images; in [0, 1].</param>
/// <param name="Bins">Ten ranges of equal width.</param>
public sealed record ReportCalibration(double Temperature, double Loss, double ExpectedError, IReadOnlyList<ReportBin> Bins);
