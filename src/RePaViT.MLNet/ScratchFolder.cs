using Microsoft.Win32.SafeHandles;
using RePaViT.IO;
using RePaViT.MLNet.Training;

namespace RePaViT.MLNet;

/// <summary>A folder for what is needed for a while. Creating one removes those of processes that were killed.</summary>
internal sealed class ScratchFolder : IDisposable
{
    /// <summary>The file of the network that is being saved.</summary>
    public const string NetworkName = "network.onnx";

    private const string Prefix = "RePaViT-";
    private const string LockName = "owner.lock";

    private readonly SafeFileHandle _owner;

    private ScratchFolder(string path, SafeFileHandle owner)
    {
        Path = path;
        _owner = owner;
    }

    public string Path { get; }

    public static ScratchFolder Create()
    {
        (string path, SafeFileHandle owner) = Leftovers.CreateLocked(
            () => System.IO.Path.Combine(Directory.CreateTempSubdirectory(Prefix).FullName, LockName));
        string folder = System.IO.Path.GetDirectoryName(path)!;
        Leftovers.RemoveFolders(System.IO.Path.GetDirectoryName(folder)!, $"{Prefix}*", IsOurs, path);
        return new ScratchFolder(folder, owner);
    }

    /// <summary>
    /// Deletes the folder with all in it. If that fails, because someone else looks at it or was faster, what was done with
    /// it is still done: the next one that is created removes it.
    /// </summary>
    public void Dispose()
    {
        _owner.Dispose();
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static bool IsOurs(string name)
        => name is LockName or NetworkName || AtomicFile.IsPartialName(name) || ImageStore.IsFileName(name);
}
