using System.Formats.Tar;
using Microsoft.Win32.SafeHandles;

namespace RePaViT.IO;

/// <summary>
/// Files and folders of processes that were killed. A living process keeps a file of its own open, which no other process
/// can open in the meantime: the system ends that with the process, however it dies. Nothing here throws: what cannot be
/// removed stays.
/// </summary>
internal static class Leftovers
{
    private const int MaxEntries = 1000;

    // A folder that is being made has no locked file yet, and those of earlier versions never had one.
    private static readonly TimeSpan AgeWithoutLock = TimeSpan.FromDays(1);

    // Links are left alone, so nothing outside the folder is touched.
    private static readonly EnumerationOptions Options = new() { AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>Creates a file that tells others, as long as it is open, that its process is alive.</summary>
    /// <param name="newPath">A path that is not in use, another one with each call.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="share">What others may do with it: never open it.</param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be created.</exception>
    public static (string Path, SafeFileHandle File) CreateLocked(
        Func<string> newPath, FileOptions options = FileOptions.None, FileShare share = FileShare.None)
    {
        const int Attempts = 5;
        for (int attempt = 1; ; attempt++)
        {
            string path = newPath();
            try
            {
                SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, share, options);

                // On Unix a file is locked only after it exists: another process that cleans up may have come in between, and
                // either have it locked or have removed it already.
                if (File.Exists(path) || attempt == Attempts)
                {
                    return (path, file);
                }

                file.Dispose();
            }
            catch (IOException) when (attempt < Attempts && Directory.Exists(Path.GetDirectoryName(path)))
            {
            }
        }
    }

    /// <summary>Removes files that no process has open.</summary>
    /// <param name="folder">Where they are.</param>
    /// <param name="pattern">Matches their names.</param>
    /// <param name="isOurs">Tells by the name whether a file may be removed.</param>
    /// <param name="locked">A file that this process created by <see cref="CreateLocked"/> on the same disk.</param>
    public static void RemoveFiles(string folder, string pattern, Func<string, bool> isOurs, string locked)
        => ForEach(() => new DirectoryInfo(folder).EnumerateFiles(pattern, Options).Where(file => isOurs(file.Name)), Remove, locked);

    /// <summary>Removes folders, with the files in them, whose locked file no process has open.</summary>
    /// <param name="parent">Where they are.</param>
    /// <param name="pattern">Matches their names.</param>
    /// <param name="isOurs">Tells by the name whether a file may be removed; a folder that holds anything else stays.</param>
    /// <param name="locked">The file in a folder of this process, created by <see cref="CreateLocked"/>.</param>
    public static void RemoveFolders(string parent, string pattern, Func<string, bool> isOurs, string locked)
    {
        string own = Path.GetDirectoryName(locked)!;
        (int, string)? owner = null;
        ForEach(() => new DirectoryInfo(parent).EnumerateDirectories(pattern, Options), folder =>
        {
            if (folder.FullName != own && OwnerOf(folder.FullName) == (owner ??= OwnerOf(own)))
            {
                Remove(folder, isOurs, Path.GetFileName(locked));
            }
        }, locked);
    }

    private static void ForEach<T>(Func<IEnumerable<T>> find, Action<T> remove, string locked)
        where T : FileSystemInfo
    {
        Try(() =>
        {
            if (!IsInUse(locked))
            {
                // Locks mean nothing on this disk.
                return;
            }

            foreach (T entry in find().Take(MaxEntries))
            {
                Try(() => remove(entry));
            }
        });
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Somebody uses it, was faster, or does not want it removed.
        }
    }

    private static void Remove(FileInfo file) => Take(file.FullName).Dispose();

    private static void Remove(DirectoryInfo folder, Func<string, bool> isOurs, string lockName)
    {
        FileSystemInfo[] content = [.. folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0 }).Take(MaxEntries)];
        if (!content.All(entry => entry is FileInfo { LinkTarget: null } && isOurs(entry.Name)))
        {
            return;
        }

        FileSystemInfo? lockFile = Array.Find(content, entry => entry.Name == lockName);
        if (lockFile is null && DateTime.UtcNow - content.Append(folder).Max(entry => entry.LastWriteTimeUtc) < AgeWithoutLock)
        {
            return;
        }

        // The lock goes last: who creates one in a folder just emptied keeps the folder.
        using (lockFile is null ? null : Take(lockFile.FullName))
        {
            foreach (FileInfo file in content.Where(entry => entry != lockFile).Cast<FileInfo>())
            {
                Remove(file);
            }
        }

        folder.Delete();
    }

    /// <summary>Opens a file that no process has open; closing removes it.</summary>
    private static SafeFileHandle Take(string path)
        => File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);

    private static bool IsInUse(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Number and name of the user whose a folder is: an administrator may remove those of others, but must not.</summary>
    private static (int Number, string Name) OwnerOf(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            // There the temporary folder is a user's own.
            return default;
        }

        // Only an archive's entry tells this without native code.
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true))
        {
            writer.WriteEntry(folder, "folder");
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        var entry = (PosixTarEntry)reader.GetNextEntry()!;
        return (entry.Uid, entry.UserName);
    }
}
