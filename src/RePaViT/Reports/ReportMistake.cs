namespace RePaViT;

/// <summary>An image that the deployed network classifies wrongly.</summary>
/// <param name="Image">The image, with its label.</param>
/// <param name="Predicted">The class that the network predicts.</param>
/// <param name="Probability">Its confidence, 0 to 1.</param>
/// <param name="LabelProbability">The probability that it assigns to the label, 0 to 1.</param>
/// <param name="Picture">What the network sees of the image, a PNG file, reduced if it is large.</param>
/// <param name="Map">How much each part of it matters, row by row from the top of a square: see <see cref="ReportMapKind"/>.</param>
public sealed record ReportMistake(
    ReportImage Image, int Predicted, double Probability, double LabelProbability, byte[] Picture, IReadOnlyList<float> Map);
