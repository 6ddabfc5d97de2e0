namespace RePaViT;

/// <summary>An image that the deployed network is wrong about.</summary>
/// <param name="Image">The image, with its label.</param>
/// <param name="Predicted">What the network says.</param>
/// <param name="Probability">How sure it is, 0 to 1.</param>
/// <param name="LabelProbability">The probability that it gives the label, 0 to 1.</param>
/// <param name="Picture">What the network sees of the image, a PNG file, reduced if it is large.</param>
/// <param name="Map">What counts in each part of it, row by row from the top of a square: see <see cref="ReportMapKind"/>.</param>
public sealed record ReportMistake(
    ReportImage Image, int Predicted, double Probability, double LabelProbability, byte[] Picture, IReadOnlyList<float> Map);
