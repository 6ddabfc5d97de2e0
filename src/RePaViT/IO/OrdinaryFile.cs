namespace RePaViT.IO;

/// <summary>
/// Tells ordinary files from pipes, sockets and devices, which .NET knows apart only when they are open. All of the latter
/// claim to be empty.
/// </summary>
internal static class OrdinaryFile
{
    /// <summary>The file that a path leads to, through any links; it need not be there.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Path.GetFullPath(path);
        }
    }

    /// <summary>Whether there is a pipe, a socket or a device; null for something empty that may not be looked at.</summary>
    /// <param name="path">A path that is not a link.</param>
    public static bool? IsSpecial(string path)
    {
        if (OperatingSystem.IsWindows() || new FileInfo(path) is not { Exists: true, Length: 0 })
        {
            return false;
        }

        // Opening a device may set something off.
        if (Path.GetDirectoryName(path) == "/dev")
        {
            return true;
        }

        try
        {
            // For both, because the one end of a pipe waits for the other.
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            return !file.CanSeek;
        }
        catch (Exception exception) when (
            exception is UnauthorizedAccessException or FileNotFoundException || SharingViolation.Is(exception))
        {
            return null;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
