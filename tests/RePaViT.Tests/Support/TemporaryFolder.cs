namespace RePaViT.Tests.Support;

/// <summary>A new, empty folder that goes away with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("repavit-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public IEnumerable<string?> FileNames => Directory.EnumerateFileSystemEntries(Path).Select(System.IO.Path.GetFileName);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
