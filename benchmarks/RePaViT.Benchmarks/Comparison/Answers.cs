namespace RePaViT.Benchmarks.Comparison;

/// <summary>What an engine says first.</summary>
/// <param name="Engine">Its name and version.</param>
/// <param name="Seconds">From the file to the first logits.</param>
/// <param name="Logits">[batch, classes].</param>
internal sealed record FirstPrediction(string Engine, double Seconds, float[] Logits);

/// <summary>What an engine answers to a request for a round.</summary>
/// <param name="ImagesPerSecond">Over the whole round.</param>
/// <param name="PeakMegabytes">The most memory its process has held so far, in millions of bytes.</param>
internal sealed record Round(double ImagesPerSecond, double PeakMegabytes);
