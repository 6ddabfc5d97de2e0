namespace RePaViT.PhotoSimilarity;

/// <summary>Finds photos.</summary>
internal static class PhotoFiles
{
    private static readonly HashSet<string> _extensions =
        new([".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"], StringComparer.OrdinalIgnoreCase);

    // A link is no copy of what it leads to, and hidden folders hold the thumbnails of other programs.
    private static readonly EnumerationOptions _enumeration = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System,
    };

    /// <summary>The photos in a folder and those below, in the order of their names.</summary>
    /// <exception cref="FileNotFoundException">There are none.</exception>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public static IReadOnlyList<Photo> Find(string folder)
    {
        Photo[] photos = [.. Directory.EnumerateFiles(folder, "*", _enumeration)
            .Where(path => _extensions.Contains(Path.GetExtension(path)))
            .Select(path => Describe(path, folder))
            .OrderBy(photo => photo.Name, StringComparer.Ordinal)];
        return photos.Length > 0
            ? photos
            : throw new FileNotFoundException($"'{folder}' has no photos: {string.Join(", ", _extensions)} are looked for.");
    }

    /// <summary>A file by its path from the folder on; one that is gone has no bytes.</summary>
    public static Photo Describe(string path, string folder)
    {
        var file = new FileInfo(path);
        return new Photo(path, Path.GetRelativePath(folder, path).Replace('\\', '/'), file.Exists ? file.Length : 0);
    }
}
