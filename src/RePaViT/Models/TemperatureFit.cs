namespace RePaViT;

/// <summary>The effect of a temperature on a model's probabilities, on the images that it was fitted to.</summary>
/// <param name="Temperature">What logits are divided by: above 1 if the model is overconfident; from 0.05 to 20.</param>
/// <param name="LossBefore">Mean cross-entropy of the labels at temperature 1, in nats.</param>
/// <param name="LossAfter">The same at the temperature that was found.</param>
/// <param name="Images">Number of images.</param>
public sealed record TemperatureFit(double Temperature, double LossBefore, double LossAfter, int Images);
