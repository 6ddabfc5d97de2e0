namespace RePaViT.IO;

/// <summary>Replaces a file as a whole: whenever the process dies, the path holds the old content or the new.</summary>
internal static class AtomicFile
{
    // One fixed name beside the target: what a killed process leaves behind is overwritten by the next write.
    private const string Suffix = ".partial";
    private const int BufferSize = 1 << 16;

    /// <param name="path">The file to create or replace. Its folder must exist.</param>
    /// <param name="write">Writes the new content; if it throws, the path keeps what it held.</param>
    /// <exception cref="IOException">The file cannot be written, or somebody else is writing it.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string target = Path.GetFullPath(path);
        string partial = target + Suffix;
        var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, BufferSize);
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, target, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
