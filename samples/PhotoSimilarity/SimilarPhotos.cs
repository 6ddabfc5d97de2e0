namespace RePaViT.PhotoSimilarity;

/// <summary>What was found, and what of it a page shows.</summary>
internal sealed record SimilarPhotos
{
    /// <summary>How many groups a page shows, the largest ones.</summary>
    public const int MostGroups = 200;

    /// <summary>How many photos of a group a page shows.</summary>
    public const int MostOfGroup = 12;

    /// <summary>Of how many photos a page shows the most similar ones.</summary>
    public const int MostQueries = 1000;

    public required Settings Settings { get; init; }

    /// <summary>All photos: those of the folder, then photos elsewhere that were asked for.</summary>
    public required FeaturizedPhotos Features { get; init; }

    /// <summary>How many of them, from the first on, are in the folder.</summary>
    public required int InFolder { get; init; }

    /// <summary>Near duplicates in the folder, the largest groups first.</summary>
    public required IReadOnlyList<DuplicateGroup> Groups { get; init; }

    /// <summary>The photos whose most similar ones were looked for.</summary>
    public required IReadOnlyList<int> Queries { get; init; }

    /// <summary>The most similar photos of each of these.</summary>
    public required IReadOnlyList<IReadOnlyList<Neighbor>> Nearest { get; init; }

    /// <summary>The photos that a page shows.</summary>
    public IEnumerable<int> ShownRows => Groups.Take(MostGroups).SelectMany(group => group.Photos.Take(MostOfGroup).Select(photo => photo.Row))
        .Concat(Queries)
        .Concat(Nearest.SelectMany(neighbors => neighbors.Select(neighbor => neighbor.Row)))
        .Distinct()
        .Order();
}
