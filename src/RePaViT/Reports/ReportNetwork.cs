namespace RePaViT;

/// <summary>A network, as it was trained or as it is deployed.</summary>
/// <param name="Parameters">Weights, biases, scales and tokens.</param>
/// <param name="MultiplyAdds">Multiply-adds for an image.</param>
/// <param name="FileBytes">Bytes of its model file; null for one that is too large to be written.</param>
/// <param name="ImagesPerSecond">Prepared images per second that it classified on the CPU, when the report was made.</param>
/// <param name="Accuracy">Share of the evaluated images that it classifies correctly, in [0, 1].</param>
/// <param name="Loss">Mean cross-entropy of their labels, in nats, at temperature 1.</param>
public sealed record ReportNetwork(
    long Parameters, long MultiplyAdds, long? FileBytes, double ImagesPerSecond, double Accuracy, double Loss);
