namespace RePaViT;

/// <summary>The result of training an image tower.</summary>
/// <param name="Model">The text tower with the trained image tower in deployed form.</param>
/// <param name="Training">
/// The run. Its model is the image tower in training form; a <see cref="ClipModel"/> with it (<see cref="ClipModel.WithImageTower"/>) can be
/// trained further from exactly this state.
/// </param>
public sealed record ClipTrainingResult(ClipModel Model, TrainingResult Training);
