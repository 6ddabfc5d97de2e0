using RePaViT.Import;
using RePaViT.Import.Files;
using RePaViT.Import.Sources;

namespace RePaViT;

/// <summary>
/// A source of pretrained weights: <see cref="RePaViTModel.LoadPretrained(PretrainedSource, PretrainedOptions?, CancellationToken)"/>
/// reads.
/// </summary>
public abstract class PretrainedSource
{
    private protected PretrainedSource()
    {
    }

    /// <summary>Its name in messages.</summary>
    internal abstract string Name { get; }

    /// <summary>A file on disk, or an index of several files beside it. Configuration files beside it are read too.</summary>
    /// <param name="path">The file; it is opened when it is read.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static PretrainedSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new FileSource(path);
    }

    /// <summary>A whole stream, from its first byte, whatever its position. It is never closed, and may be read again.</summary>
    /// <param name="stream">A readable stream that can seek; it must not be used elsewhere in the meantime.</param>
    /// <exception cref="ArgumentException">The stream cannot be read, or cannot seek.</exception>
    public static PretrainedSource FromStream(Stream stream) => new StreamSource(stream);

    /// <summary>
    /// A file on a server, which is downloaded once: into the cache folder, under a name that contains the beginning of its hash.
    /// Each time it is read, its hash is computed again. If there is no network, put the file there; the message says under which
    /// name.
    /// </summary>
    /// <param name="uri">Its address, https; redirections to https are followed. On this machine itself, http is accepted.</param>
    /// <param name="sha256">
    /// The SHA-256 hash of the file, 64 hexadecimal digits, from a source that you trust. A file with a different hash is not kept.
    /// </param>
    /// <param name="cacheFolder">
    /// The folder to keep it in; created if necessary. Null for the folder <c>repavit</c> in the one that the environment
    /// variable MICROSOFTML_RESOURCE_PATH names, as ML.NET's own resources are kept, or in <c>mlnet-resources</c> among the
    /// user's local application data.
    /// </param>
    /// <param name="progress">Receives the progress of the download about ten times a second; may be null.</param>
    /// <exception cref="ArgumentException">An address or a hash of another kind.</exception>
    public static PretrainedSource FromUri(Uri uri, string sha256, string? cacheFolder = null, IProgress<DownloadProgress>? progress = null)
        => new UriSource(uri, sha256, cacheFolder, progress);

    /// <summary>What the weights are called in logs: the path, the address or "a stream".</summary>
    public sealed override string ToString() => Name;

    /// <summary>Opens it, once it is available.</summary>
    internal abstract CheckpointFile Open(CancellationToken cancellationToken);

    /// <summary>What files beside it say.</summary>
    internal virtual PretrainedConfiguration ReadConfiguration() => new();
}
