namespace RePaViT.PhotoSimilarity;

/// <summary>A photo of a group.</summary>
/// <param name="Row">Which.</param>
/// <param name="Similarity">To the one to keep.</param>
/// <param name="CopyOf">The first of the group whose file has the same bytes; null if there is none before it.</param>
internal readonly record struct Duplicate(int Row, float Similarity, int? CopyOf);
