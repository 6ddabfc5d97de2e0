namespace RePaViT;

/// <summary>An image that a report names.</summary>
/// <param name="IsValidation">Whether it is one of the validation images; otherwise it is one of the training images.</param>
/// <param name="Place">
/// Its place in the data that both parts were taken from, or else in its part, counted from 0; with ML.NET its row.
/// </param>
/// <param name="Label">Its class, an index into the class names.</param>
/// <param name="Name">What its row says of it, such as the path of a file; empty where nothing is known.</param>
public sealed record ReportImage(bool IsValidation, int Place, int Label, string Name = "");

/// <summary>An epoch.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="LearningRate">The learning rate of its last step; null where it is not known.</param>
/// <param name="TrainingLoss">Mean cross-entropy on augmented images and smoothed targets.</param>
/// <param name="TrainingAccuracy">Share of augmented images classified as their main class, in [0, 1].</param>
/// <param name="ValidationLoss">Mean cross-entropy on the validation images; null without any.</param>
/// <param name="ValidationAccuracy">Share of the validation images that are right, in [0, 1]; null without any.</param>
public sealed record ReportEpoch(
    int Epoch, double? LearningRate, double TrainingLoss, double TrainingAccuracy, double? ValidationLoss, double? ValidationAccuracy);

/// <summary>A class.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TrainingImages">Training images that have it as label.</param>
/// <param name="Images">Evaluated images that have it as label.</param>
/// <param name="Predicted">Evaluated images that the deployed network puts into it.</param>
/// <param name="Correct">Those of them that have it as label.</param>
public sealed record ReportClass(string Name, int TrainingImages, int Images, int Predicted, int Correct)
{
    /// <summary>Share of the images put into it that belong there, in [0, 1]; null if none is.</summary>
    public double? Precision => Predicted == 0 ? null : (double)Correct / Predicted;

    /// <summary>Share of its images that are put into it, in [0, 1]; null if it has none.</summary>
    public double? Recall => Images == 0 ? null : (double)Correct / Images;

    /// <summary>Harmonic mean of precision and recall, 2 correct / (images + predicted), in [0, 1]; null where it has neither.</summary>
    public double? F1 => Images + Predicted == 0 ? null : 2.0 * Correct / (Images + Predicted);
}

/// <summary>A cell of the confusion matrix that is not 0.</summary>
/// <param name="Label">The label.</param>
/// <param name="Predicted">What the deployed network says.</param>
/// <param name="Images">For how many of the evaluated images.</param>
public sealed record ReportConfusion(int Label, int Predicted, int Images);

/// <summary>Images whose most probable class has a probability within some range.</summary>
/// <param name="From">Where the range begins, in [0, 1); it is part of the range only at 0.</param>
/// <param name="To">Where it ends, in (0, 1]; it is part of the range.</param>
/// <param name="Images">Number of images.</param>
/// <param name="Confidence">Mean of these probabilities; null if there is no image.</param>
/// <param name="Accuracy">Share of the images that are right; null if there is none.</param>
public sealed record ReportBin(double From, double To, int Images, double? Confidence, double? Accuracy);

/// <summary>How far probabilities say how often the network is right (Guo et al., arXiv 1706.04599).</summary>
/// <param name="Temperature">What logits are divided by.</param>
/// <param name="Loss">Mean cross-entropy of the labels, in nats.</param>
/// <param name="ExpectedError">Expected calibration error: the mean of |accuracy - confidence| over bins, by their images; in [0, 1].</param>
/// <param name="Bins">Ten ranges of equal width.</param>
public sealed record ReportCalibration(double Temperature, double Loss, double ExpectedError, IReadOnlyList<ReportBin> Bins);

/// <summary>How <see cref="ReportMistake.Map"/> was made.</summary>
public enum ReportMapKind
{
    /// <summary>Attention rollout: what share of the classified tokens comes from each patch, by attention and shortcuts (arXiv 2005.00928).</summary>
    AttentionRollout,

    /// <summary>Patch occlusion: how far the answer's probability falls when a square is covered with the mean color (arXiv 1311.2901).</summary>
    Occlusion,
}

/// <summary>An image that the deployed network is wrong about.</summary>
/// <param name="Image">The image, with its label.</param>
/// <param name="Predicted">What the network says.</param>
/// <param name="Probability">How sure it is, 0 to 1.</param>
/// <param name="LabelProbability">The probability that it gives the label, 0 to 1.</param>
/// <param name="Picture">What the network sees of the image, a PNG file, reduced if it is large.</param>
/// <param name="Map">What counts in each part of it, row by row from the top of a square: see <see cref="ReportMapKind"/>.</param>
public sealed record ReportMistake(
    ReportImage Image, int Predicted, double Probability, double LabelProbability, byte[] Picture, IReadOnlyList<float> Map);
