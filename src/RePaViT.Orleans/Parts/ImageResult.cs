namespace RePaViT.Cluster.Parts;

/// <summary>What came of an image.</summary>
/// <param name="File">Its path, as the list has it.</param>
/// <param name="ClassName">The most probable class.</param>
/// <param name="Probability">Its probability, 0 to 1.</param>
/// <param name="Error">Why there is no class; null if there is one.</param>
internal readonly record struct ImageResult(string File, string? ClassName, float Probability, string? Error);
