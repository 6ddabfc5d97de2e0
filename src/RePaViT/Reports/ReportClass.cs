namespace RePaViT;

/// <summary>A class.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TrainingImages">Training images that have it as their label.</param>
/// <param name="Images">Evaluated images that have it as their label.</param>
/// <param name="Predicted">Evaluated images that the deployed network puts into it.</param>
/// <param name="Correct">Those of them that have it as their label.</param>
public sealed record ReportClass(string Name, int TrainingImages, int Images, int Predicted, int Correct)
{
    /// <summary>Share of the images put into it that belong there, in [0, 1]; null if none is.</summary>
    public double? Precision => Predicted == 0 ? null : (double)Correct / Predicted;

    /// <summary>Share of its images that are put into it, in [0, 1]; null if it has none.</summary>
    public double? Recall => Images == 0 ? null : (double)Correct / Images;

    /// <summary>Harmonic mean of precision and recall, 2 correct / (images + predicted), in [0, 1]; null if it has neither.</summary>
    public double? F1 => Images + Predicted == 0 ? null : 2.0 * Correct / (Images + Predicted);
}
