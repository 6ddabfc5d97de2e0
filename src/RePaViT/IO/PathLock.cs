using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace RePaViT.IO;

/// <summary>
/// Keeps a path for one user at a time, in this process and in others: a file beside it that is open as long as the lock, so
/// that the system ends it with the process, and one that says whose it is.
/// </summary>
internal sealed class PathLock : IDisposable
{
    private const string LockSuffix = ".repavit-lock";
    private const string OwnerSuffix = ".repavit-owner";
    private const int Attempts = 5;
    private const int MillisecondsBetweenAttempts = 20;

    // A second: on a busy machine, a process takes some time to say who it is.
    private const int AttemptsToReadOwner = 50;

    private readonly string _path;
    private readonly SafeFileHandle _file;

    private PathLock(string path, SafeFileHandle file)
    {
        _path = path;
        _file = file;
    }

    /// <param name="path">The path to keep; its folder must exist.</param>
    /// <exception cref="IOException">Somebody else keeps it, as the message says; or the folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static PathLock Acquire(string path)
        => TryAcquire(path) ?? throw new IOException(
            $"'{path}' is in use by {Owner(OrdinaryFile.Resolve(path))}. Wait until it ends, or use another path.");

    /// <summary>Does what <see cref="Acquire"/> does; null while somebody else keeps the path.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static PathLock? TryAcquire(string path)
    {
        // Two links to one file are one path.
        string full = OrdinaryFile.Resolve(path);
        for (int attempt = 1; ; attempt++)
        {
            if (TryOpen(full + LockSuffix) is not SafeFileHandle file)
            {
                return null;
            }

            // The one before may have removed its file after this one was opened: then it belongs to no process, and another
            // attempt is made. If every attempt ends this way, the disk has no locks, and no process can be kept out.
            using SafeFileHandle? second = TryOpen(full + LockSuffix);
            if (second is null || attempt == Attempts)
            {
                WriteOwner(full);
                return new PathLock(full, file);
            }

            file.Dispose();
        }
    }

    public void Dispose()
    {
        if (_file.IsClosed)
        {
            return;
        }

        Remove(_path + OwnerSuffix);
        Remove(_path + LockSuffix);
        _file.Dispose();
    }

    private static SafeFileHandle? TryOpen(string lockPath)
    {
        try
        {
            // Deleting is shared: Windows would not remove it otherwise while it is open.
            return File.OpenHandle(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);
        }
        catch (IOException exception) when (SharingViolation.Is(exception))
        {
            return null;
        }
    }

    private static string Owner(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                string text = File.ReadAllText(path + OwnerSuffix);
                if (text.Length is > 0 and < 1000)
                {
                    return text;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is not there, or may not be read.
            }

            if (attempt == AttemptsToReadOwner)
            {
                return "another run";
            }

            // Who has just come says a moment later who it is.
            Thread.Sleep(MillisecondsBetweenAttempts);
        }
    }

    private static void WriteOwner(string path)
    {
        // A new file: an existing one may be a link to a file of somebody else.
        Remove(path + OwnerSuffix);
        try
        {
            using var owner = new StreamWriter(path + OwnerSuffix, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write });
            owner.Write(Describe());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The lock holds without it. That there is no room is better said by what follows, about the file itself.
            Remove(path + OwnerSuffix);
        }
    }

    private static string Describe()
    {
        using Process process = Process.GetCurrentProcess();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"process {process.Id} ({process.ProcessName}) on {Environment.MachineName} since {DateTime.UtcNow:yyyy-MM-dd HH:mm:ss} UTC");
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It says nothing any more; the next lock takes it over.
        }
    }
}
