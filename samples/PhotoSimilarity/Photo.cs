namespace RePaViT.PhotoSimilarity;

/// <summary>A file that should be a photo.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">What people call it: its path from the folder on, with slashes.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record Photo(string Path, string Name, long Bytes);
