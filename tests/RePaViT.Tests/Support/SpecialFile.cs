using System.Diagnostics;

namespace RePaViT.Tests.Support;

/// <summary>What has a path and is no file. Not on Windows.</summary>
internal static class SpecialFile
{
    /// <summary>A pipe that nobody writes into: opening it waits forever.</summary>
    public static void CreatePipe(string path)
    {
        using Process process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, "mkfifo");
    }
}
