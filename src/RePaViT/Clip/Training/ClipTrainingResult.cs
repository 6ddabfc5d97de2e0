namespace RePaViT;

/// <summary>The result of training an image tower.</summary>
/// <param name="Model">The texts with the trained tower, in the form in which it is deployed.</param>
/// <param name="Training">
/// The run. Its model is the tower in training form: <see cref="ClipModel.WithImageTower"/> with it gives a model to train further from
/// exactly there.
/// </param>
public sealed record ClipTrainingResult(ClipModel Model, TrainingResult Training);
