namespace RePaViT.Training;

/// <summary>A tensor that stays as it is for some steps, and begins to learn then as if the run began there.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Steps">The steps in which it does not move.</param>
internal sealed record LateTensor(string Name, long Steps);
