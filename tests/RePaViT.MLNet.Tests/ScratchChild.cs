using RePaViT.MLNet.Training;

namespace RePaViT.MLNet.Tests;

/// <summary>A program that is in the midst of training and of saving until it is killed.</summary>
internal static class ScratchChild
{
    public const string Command = "scratch";

    public const string Started = "started";

    /// <summary>What makes the program end at once instead, as it should.</summary>
    public const string End = "end";

    /// <param name="arguments">The folder for temporary files, a workspace, and perhaps <see cref="End"/>.</param>
    public static void Run(string[] arguments)
    {
        foreach (string variable in new[] { "TMPDIR", "TMP", "TEMP" })
        {
            Environment.SetEnvironmentVariable(variable, arguments[0]);
        }

        using ScratchFolder saving = ScratchFolder.Create();
        File.WriteAllText(Path.Combine(saving.Path, ScratchFolder.NetworkName), "network");
        using var temporary = new Workspace(path: null);
        using ImageStore first = temporary.CreateStore(memoryLimit: 0);
        using var workspace = new Workspace(arguments[1]);
        using ImageStore second = workspace.CreateStore(memoryLimit: 0);
        Console.WriteLine(Started);
        if (arguments is not [.., End])
        {
            Thread.Sleep(Timeout.Infinite);
        }

        GC.KeepAlive((saving, first, second));
    }
}
