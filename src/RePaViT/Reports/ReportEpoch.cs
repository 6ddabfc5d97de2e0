namespace RePaViT;

/// <summary>An epoch.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="LearningRate">The learning rate of its last step; null if it is not known.</param>
/// <param name="TrainingLoss">Mean cross-entropy on augmented images and smoothed targets.</param>
/// <param name="TrainingAccuracy">Share of augmented images classified as their main class, in [0, 1].</param>
/// <param name="ValidationLoss">Mean cross-entropy on the validation images; null without any.</param>
/// <param name="ValidationAccuracy">Share of the validation images that are classified correctly, in [0, 1]; null without any.</param>
public sealed record ReportEpoch(
    int Epoch, double? LearningRate, double TrainingLoss, double TrainingAccuracy, double? ValidationLoss, double? ValidationAccuracy);
