using System.Globalization;

namespace RePaViT;

/// <summary>The results of an epoch.</summary>
/// <param name="Epoch">The epoch, counted from 1.</param>
/// <param name="TrainingLoss">Mean cross-entropy on augmented images and smoothed targets.</param>
/// <param name="TrainingAccuracy">Share of augmented images classified as their main class, in [0, 1].</param>
/// <param name="Validation">Validation of the averaged weights; null without validation images.</param>
public sealed record EpochSummary(int Epoch, double TrainingLoss, double TrainingAccuracy, Evaluation? Validation)
{
    /// <summary>One line: the epoch, its loss and accuracy in training and, if there was one, in validation.</summary>
    public override string ToString()
    {
        string validation = Validation is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", validation loss {Validation.Loss:F3}, accuracy {100 * Validation.Accuracy:F1}%");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Epoch {Epoch}: loss {TrainingLoss:F3}, accuracy {100 * TrainingAccuracy:F1}%{validation}");
    }
}
