using System.Diagnostics;

namespace RePaViT.Tests.Support;

/// <summary>
/// A disk of some hundred kilobytes, in memory, that a test may fill or make read-only. Linux makes one for root alone; elsewhere the
/// test is inconclusive, and says why.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const string FillingName = "filling";

    private readonly TemporaryFolder _folder = new();

    public SmallDisk(int kilobytes = 512)
    {
        if (!OperatingSystem.IsLinux())
        {
            _folder.Dispose();
            Assert.Inconclusive("A disk to fill can be made on Linux only.");
        }

        if (Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", Path) is string problem)
        {
            _folder.Dispose();
            Assert.Inconclusive($"A disk to fill cannot be made here, which takes root: {problem}");
        }
    }

    public string Path => _folder.Path;

    public IEnumerable<string?> FileNames => _folder.FileNames.Where(name => name != FillingName);

    public string File(string name) => _folder.File(name);

    /// <summary>Leaves no room for a byte more.</summary>
    public void Fill()
    {
        using var file = new FileStream(File(FillingName), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(page);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Makes the room again that <see cref="Fill"/> took.</summary>
    public void MakeRoom() => System.IO.File.Delete(File(FillingName));

    public void MakeReadOnly() => Assert.IsNull(Run("mount", "-o", "remount,ro", Path));

    public void MakeWritable() => Assert.IsNull(Run("mount", "-o", "remount,rw", Path));

    public void Dispose()
    {
        // Also where a file is still open, because a test failed.
        Run("umount", "--lazy", Path);
        _folder.Dispose();
    }

    /// <returns>What went wrong; null if nothing did.</returns>
    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program}: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return exception.Message;
        }
    }
}
