namespace RePaViT;

/// <summary>A model's prediction for one image.</summary>
/// <param name="Label">The most probable class, an index into the model's class names.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability, 0 to 1.</param>
/// <param name="Probabilities">The probability of each class; they add up to 1.</param>
public sealed record Prediction(int Label, string ClassName, float Probability, IReadOnlyList<float> Probabilities);
