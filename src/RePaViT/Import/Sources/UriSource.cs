using System.Security.Cryptography;
using RePaViT.Import.Files;
using RePaViT.IO;

namespace RePaViT.Import.Sources;

/// <summary>A file on a server, and its copy on disk.</summary>
internal sealed class UriSource : PretrainedSource
{
    private const string FolderVariable = "MICROSOFTML_RESOURCE_PATH";
    private const string UsualFolder = "mlnet-resources";
    private const string OwnFolder = "repavit";
    private const string UsualName = "weights";
    private const int MaxNameLength = 60;
    private const int HashDigitsInName = 16;

    private static readonly TimeSpan TimeBetweenLocks = TimeSpan.FromMilliseconds(200);

    private readonly Uri _uri;
    private readonly byte[] _hash;
    private readonly string? _folder;
    private readonly IProgress<DownloadProgress>? _progress;

    public UriSource(Uri uri, string sha256, string? cacheFolder, IProgress<DownloadProgress>? progress)
    {
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(sha256);
        if (!Download.IsAccepted(uri))
        {
            throw new ArgumentException($"'{Excerpt.Of(uri.ToString())}' is not accepted: an absolute https address without a user name "
                + "is needed.", nameof(uri));
        }

        if (sha256.Length != 2 * SHA256.HashSizeInBytes || !sha256.All(char.IsAsciiHexDigit))
        {
            throw new ArgumentException($"'{Excerpt.Of(sha256)}' is not accepted: a SHA-256 hash of {2 * SHA256.HashSizeInBytes} hexadecimal digits is needed.", nameof(sha256));
        }

        if (cacheFolder is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(cacheFolder);
        }

        (_uri, _hash, _folder, _progress) = (uri, Convert.FromHexString(sha256), cacheFolder, progress);
    }

    internal override string Name => $"'{_uri}'";

    internal override CheckpointFile Open(CancellationToken cancellationToken)
    {
        string path = Path.Combine(FindFolder(), FileName());
        Fetch(path, cancellationToken);
        return CheckpointFile.OpenSingle(path);
    }

    /// <summary>Makes sure that the file exists.</summary>
    private void Fetch(string path, CancellationToken cancellationToken)
    {
        // A folder that is only read needs no lock.
        if (IsThere(path, cancellationToken))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using PathLock pathLock = Lock(path, cancellationToken);
        if (!IsThere(path, cancellationToken))
        {
            new Download(_uri, _hash, _progress).Run(path, cancellationToken);
        }
    }

    /// <summary>Waits while somebody else, who may be downloading the same file, keeps the path.</summary>
    private static PathLock Lock(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (PathLock.TryAcquire(path) is PathLock pathLock)
            {
                return pathLock;
            }

            cancellationToken.WaitHandle.WaitOne(TimeBetweenLocks);
        }
    }

    private bool IsThere(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using FileStream stream = SourceFile.Open(path);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Download.BufferSize];
        while (stream.Read(buffer) is int count and > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        return hash.GetHashAndReset().AsSpan().SequenceEqual(_hash);
    }

    private string FindFolder()
    {
        if (_folder is not null)
        {
            return Path.GetFullPath(_folder);
        }

        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } variable)
        {
            return Path.GetFullPath(Path.Combine(variable, OwnFolder));
        }

        string data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length > 0
            ? Path.Combine(data, UsualFolder, OwnFolder)
            : throw new IOException($"There is no folder to keep {Name} in: cacheFolder or the environment variable {FolderVariable} is needed.");
    }

    /// <summary>The last part of the address, as far as any system takes it for a name, and the beginning of the hash.</summary>
    private string FileName()
    {
        string last = Path.GetFileName(_uri.LocalPath);
        string stem = new([.. Path.GetFileNameWithoutExtension(last).Where(IsOfName).Take(MaxNameLength)]);
        string extension = new([.. Path.GetExtension(last).Where(IsOfName).Take(MaxNameLength)]);
        string hash = Convert.ToHexStringLower(_hash)[..HashDigitsInName];
        return $"{(stem.Length > 0 ? stem : UsualName)}-{hash}{(extension.Length > 0 ? "." : "")}{extension}";
    }

    private static bool IsOfName(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';
}
