namespace RePaViT.MLNet;

/// <summary>Folders for what is needed for a while.</summary>
internal static class ScratchFolder
{
    public static string Create() => Directory.CreateTempSubdirectory("RePaViT-").FullName;

    /// <summary>
    /// Deletes a folder with all in it. If that fails, because someone else looks at it or was faster, what was done with
    /// it is still done: the system clears its temporary folder sooner or later.
    /// </summary>
    public static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }
}
