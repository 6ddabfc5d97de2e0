namespace RePaViT.IO;

/// <summary>Opens files whose content is not to be trusted.</summary>
internal static class SourceFile
{
    private const int BufferSize = 1 << 16;

    /// <param name="path">An ordinary file: its length bounds what its content may claim.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">It is empty, or a pipe, a socket or a device, whose length cannot be known.</exception>
    public static FileStream Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (Directory.Exists(path))
        {
            throw new UnauthorizedAccessException($"'{path}' is a folder: an ordinary file is needed.");
        }

        // Before it is opened: that waits until somebody writes into a pipe.
        if (OrdinaryFile.IsSpecial(OrdinaryFile.Resolve(path)) ?? true)
        {
            throw NotOrdinary(path);
        }

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize);
        if (!file.CanSeek)
        {
            // Its path is not that of a file, for instance that of an open pipe.
            file.Dispose();
            throw NotOrdinary(path);
        }

        return file;
    }

    /// <exception cref="ArgumentException">The stream cannot be read, or cannot seek.</exception>
    public static void ThrowUnlessReadable(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead || !stream.CanSeek)
        {
            throw new ArgumentException("A readable stream that can seek is needed.", nameof(stream));
        }
    }

    private static InvalidDataException NotOrdinary(string path)
        => new($"'{path}' is a pipe, a socket or a device, or empty: an ordinary file with content is needed.");
}
