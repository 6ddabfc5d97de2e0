namespace RePaViT.PhotoSimilarity;

/// <summary>What the command line asks for.</summary>
/// <param name="Folder">Where the photos are.</param>
/// <param name="Model">The file of the network.</param>
/// <param name="Queries">Photos to find similar ones of; none for all in the folder.</param>
/// <param name="Duplicates">The cosine similarity of near duplicates.</param>
/// <param name="Most">How many similar photos to show of each.</param>
/// <param name="Output">The page.</param>
internal sealed record Settings(string Folder, string Model, IReadOnlyList<string> Queries, float Duplicates, int Most, string Output);
