using RePaViT.Import;
using RePaViT.Import.Files;
using RePaViT.Import.Sources;

namespace RePaViT;

/// <summary>Where pretrained weights are: what <see cref="RePaViTModel.LoadPretrained(PretrainedSource, PretrainedOptions?, CancellationToken)"/> reads.</summary>
public abstract class PretrainedSource
{
    private protected PretrainedSource()
    {
    }

    /// <summary>What to call it in messages.</summary>
    internal abstract string Name { get; }

    /// <summary>A file on disk, or an index of several files beside it. Files of settings beside it are read too.</summary>
    /// <param name="path">The file; it is opened when it is read.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static PretrainedSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new FileSource(path);
    }

    /// <summary>All of a stream, from its first byte, wherever it stands. It is never closed, and may be read again.</summary>
    /// <param name="stream">A stream that can be read and can seek; nobody else may use it meanwhile.</param>
    /// <exception cref="ArgumentException">The stream cannot be read, or cannot seek.</exception>
    public static PretrainedSource FromStream(Stream stream) => new StreamSource(stream);

    /// <summary>
    /// A file on a server, which is downloaded once: into the cache folder, under a name with the beginning of its hash in it. Each
    /// time it is read, its hash is computed anew. Where there is no network, put the file there; the message says under which name.
    /// </summary>
    /// <param name="uri">Its address, https; redirections to https are followed. On this machine itself, http is accepted.</param>
    /// <param name="sha256">
    /// The SHA-256 hash of the file, 64 hexadecimal digits, from somebody whom you trust. A file with another hash is not kept.
    /// </param>
    /// <param name="cacheFolder">
    /// Where to keep it; created if need be. Null for the folder <c>repavit</c> in the one that the environment variable
    /// MICROSOFTML_RESOURCE_PATH names, as ML.NET's own resources are kept, or in <c>mlnet-resources</c> among the user's local
    /// application data.
    /// </param>
    /// <param name="progress">Is told how far the download is, about ten times a second; null for nobody.</param>
    /// <exception cref="ArgumentException">An address or a hash of another kind.</exception>
    public static PretrainedSource FromUri(Uri uri, string sha256, string? cacheFolder = null, IProgress<DownloadProgress>? progress = null)
        => new UriSource(uri, sha256, cacheFolder, progress);

    /// <summary>What the weights are called in logs: the path, the address or "a stream".</summary>
    public sealed override string ToString() => Name;

    /// <summary>Opens it, once it is there.</summary>
    internal abstract CheckpointFile Open(CancellationToken cancellationToken);

    /// <summary>What files beside it say.</summary>
    internal virtual PretrainedConfiguration ReadConfiguration() => new();
}
