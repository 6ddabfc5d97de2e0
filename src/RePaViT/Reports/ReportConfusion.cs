namespace RePaViT;

/// <summary>A cell of the confusion matrix that is not 0.</summary>
/// <param name="Label">The label.</param>
/// <param name="Predicted">The class that the deployed network predicts.</param>
/// <param name="Images">The number of evaluated images to which this applies.</param>
public sealed record ReportConfusion(int Label, int Predicted, int Images);
