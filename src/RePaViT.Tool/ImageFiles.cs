namespace RePaViT.Tool;

/// <summary>Image files that a command line names.</summary>
internal static class ImageFiles
{
    private static readonly HashSet<string> _extensions =
        new([".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ico"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Files as they are, and the image files in folders and those below, in order of their names.</summary>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no image in a folder.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths) => [.. paths.SelectMany(path =>
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? [path] : throw new FileNotFoundException($"There is no file or folder '{path}'.");
        }

        string[] found = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => _extensions.Contains(Path.GetExtension(file)))
            .Order(StringComparer.Ordinal)];
        return found.Length > 0
            ? found
            : throw new FileNotFoundException($"'{path}' has no image files: files that end with {string.Join(", ", _extensions)} "
                + "are needed.");
    })];

    /// <summary>Decodes a file as a model wants it.</summary>
    /// <exception cref="InvalidDataException">It is not an image, or not a whole one; the message names the file.</exception>
    public static RgbImage Read(string path, ImageDecoding? decoding)
    {
        try
        {
            return ImageFile.Decode(File.ReadAllBytes(path), decoding);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{path}: {exception.Message}", exception);
        }
    }
}
