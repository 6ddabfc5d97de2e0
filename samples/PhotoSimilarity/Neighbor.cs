namespace RePaViT.PhotoSimilarity;

/// <summary>A photo that is similar to another.</summary>
/// <param name="Row">Which.</param>
/// <param name="Similarity">The cosine of the angle between their features, up to 1.</param>
internal readonly record struct Neighbor(int Row, float Similarity);
