using Microsoft.Win32.SafeHandles;

namespace RePaViT.IO;

/// <summary>
/// Replaces a file as a whole: whenever the process dies, the path holds the old content or the new. Each writer has a file
/// of its own beside the target, open until it is renamed, so that writers of one path do not meet; what killed ones left
/// goes with the next write to that folder.
/// </summary>
internal static class AtomicFile
{
    private const string NameStart = ".repavit-";
    private const string NameEnd = ".partial";
    private const int BufferSize = 1 << 16;
    private const int MaxMoves = 10;
    private const int MillisecondsBetweenMoves = 20;

    /// <param name="path">
    /// The file to create or replace. Its folder must exist. A link stays, and what it leads to is replaced; the permissions of
    /// a file that is replaced stay too.
    /// </param>
    /// <param name="write">Writes the new content; if it throws, the path keeps what it held.</param>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">
    /// The path is a folder, a pipe or a device, or its folder may not be written to.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string target = OrdinaryFile.Resolve(path);
        if (Path.EndsInDirectorySeparator(target) || Directory.Exists(target))
        {
            throw new UnauthorizedAccessException($"'{path}' is a folder: the path of a file is needed.");
        }

        if (OrdinaryFile.IsSpecial(target) is true)
        {
            throw new UnauthorizedAccessException($"'{path}' is a pipe, a socket or a device: the path of a file is needed.");
        }

        string folder = Path.GetDirectoryName(target)!;
        (string partial, SafeFileHandle handle) = CreatePartial(path, folder);
        try
        {
            using (handle)
            {
                Leftovers.RemoveFiles(folder, $"{NameStart}*{NameEnd}", IsPartialName, partial);
                KeepMode(target, handle);
                using (var stream = new FileStream(handle, FileAccess.Write, BufferSize))
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);

                    // While it is open, it is not mistaken for a leftover of a killed process.
                    Move(partial, target);
                }
            }
        }
        catch (IOException exception) when (DiskFull.Is(exception))
        {
            Remove(partial);
            throw CannotWrite(path, exception);
        }
        catch
        {
            Remove(partial);
            throw;
        }
    }

    /// <summary>Whether a file has the name of one that is being written.</summary>
    public static bool IsPartialName(string name)
        => name.StartsWith(NameStart, StringComparison.Ordinal)
        && name.EndsWith(NameEnd, StringComparison.Ordinal)
        && Guid.TryParseExact(name.AsSpan(NameStart.Length..^NameEnd.Length), "N", out _);

    private static (string Path, SafeFileHandle File) CreatePartial(string path, string folder)
    {
        try
        {
            return Leftovers.CreateLocked(() => Path.Combine(folder, $"{NameStart}{Guid.NewGuid():N}{NameEnd}"), share: FileShare.Delete);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException($"'{path}' cannot be written: {exception.Message}", exception);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be written: '{folder}' is not a folder.", exception);
        }
        catch (IOException exception)
        {
            throw CannotWrite(path, exception);
        }
    }

    /// <summary>Messages of the system name the file beside the target, of which the user knows nothing.</summary>
    private static IOException CannotWrite(string path, IOException exception)
        => new($"'{path}' cannot be written and keeps what it held: {exception.Message}", exception);

    private static void KeepMode(string target, SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(target))
        {
            File.SetUnixFileMode(file, File.GetUnixFileMode(target));
        }
    }

    private static void Move(string partial, string target)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                File.Move(partial, target, overwrite: true);
                return;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Windows replaces no file that somebody has open: another writer for a moment, a reader maybe for longer.
                if (!OperatingSystem.IsWindows() || attempt == MaxMoves)
                {
                    throw new IOException($"'{target}' cannot be replaced and keeps its content: {exception.Message}", exception);
                }

                Thread.Sleep(MillisecondsBetweenMoves);
            }
        }
    }

    private static void Remove(string partial)
    {
        try
        {
            File.Delete(partial);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next write removes it. What went wrong before is the news.
        }
    }
}
