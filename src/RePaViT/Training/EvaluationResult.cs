namespace RePaViT;

/// <summary>How well a network does on images that it was not trained on.</summary>
/// <param name="Loss">Mean cross-entropy against the true classes.</param>
/// <param name="Accuracy">Share of images whose greatest logit is their class, in [0, 1].</param>
public sealed record EvaluationResult(double Loss, double Accuracy)
{
    /// <summary>Whether this is better: more accurate or, with equal accuracy, of a lower loss.</summary>
    internal bool IsBetterThan(EvaluationResult? other)
        => other is null || Accuracy > other.Accuracy || (Accuracy == other.Accuracy && Loss < other.Loss);
}
