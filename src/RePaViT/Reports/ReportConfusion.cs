namespace RePaViT;

/// <summary>A cell of the confusion matrix that is not 0.</summary>
/// <param name="Label">The label.</param>
/// <param name="Predicted">What the deployed network says.</param>
/// <param name="Images">For how many of the evaluated images.</param>
public sealed record ReportConfusion(int Label, int Predicted, int Images);
