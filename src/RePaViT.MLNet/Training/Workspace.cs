namespace RePaViT.MLNet.Training;

/// <summary>The folder for what a run keeps on disk while it lasts.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly ScratchFolder? _temporary;

    /// <param name="path">The user's folder, which is created if necessary; null for a temporary one.</param>
    /// <exception cref="ArgumentException">The folder cannot be created.</exception>
    public Workspace(string? path)
    {
        try
        {
            _temporary = path is null ? ScratchFolder.Create() : null;
            Folder = _temporary?.Path ?? Directory.CreateDirectory(path!).FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unusable(path ?? Path.GetTempPath(), exception);
        }
    }

    public string Folder { get; }

    /// <exception cref="ArgumentException">The folder cannot be written to.</exception>
    public ImageStore CreateStore(long memoryLimit)
    {
        try
        {
            return new ImageStore(Folder, memoryLimit);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(Folder, exception);
        }
    }

    public void Dispose() => _temporary?.Dispose();

    private static ArgumentException Unusable(string path, Exception exception) => new(
        $"{nameof(ImageClassificationRePaViTTrainer.Options.WorkspacePath)} '{path}' is not accepted: "
        + $"a folder that can be written to is needed. {exception.Message}",
        exception);
}
