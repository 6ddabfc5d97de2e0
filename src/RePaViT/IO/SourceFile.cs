namespace RePaViT.IO;

/// <summary>Opens files whose content is not to be trusted.</summary>
internal static class SourceFile
{
    private const int BufferSize = 1 << 16;

    /// <param name="path">An ordinary file: its length bounds what its content may claim.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">It is no ordinary file, so its length cannot be known.</exception>
    public static FileStream Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize);
        if (!file.CanSeek)
        {
            file.Dispose();
            throw new InvalidDataException($"'{path}' is not an ordinary file.");
        }

        return file;
    }

    /// <exception cref="ArgumentException">The stream cannot be read, or cannot seek.</exception>
    public static void ThrowUnlessReadable(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead || !stream.CanSeek)
        {
            throw new ArgumentException("A stream that can be read and can seek is needed.", nameof(stream));
        }
    }
}
