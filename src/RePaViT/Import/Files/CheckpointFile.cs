using RePaViT.Import.PyTorch;
using RePaViT.IO;

namespace RePaViT.Import.Files;

/// <summary>
/// A file of weights that others wrote. It stays open: tensors are read when they are asked for. What it holds is data, and
/// nothing in it is executed.
/// </summary>
internal abstract class CheckpointFile : IDisposable
{
    /// <summary>The sets of tensors that it holds.</summary>
    public abstract IReadOnlyList<CheckpointSection> Sections { get; }

    /// <summary>Arguments of the training run that wrote it, by name; often none.</summary>
    public virtual IReadOnlyDictionary<string, object?> Settings { get; } = new Dictionary<string, object?>();

    /// <summary>Bytes that it takes on disk: what justifies memory.</summary>
    public abstract long Length { get; }

    /// <summary>Opens a file; its content decides what it is, not its name.</summary>
    /// <param name="path">Safetensors, an index of several files, or what <c>torch.save</c> wrote.</param>
    /// <exception cref="InvalidDataException">The file is damaged or of another kind; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static CheckpointFile Open(string path)
        => Open(path, (stream, signature) => signature.StartsWith("{"u8) ? new ShardedCheckpoint(stream, path) : OpenSingle(stream, signature, path));

    /// <summary>Opens a file that an index names, and that is none itself: otherwise it could name itself.</summary>
    public static CheckpointFile OpenPart(string path)
        => Open(path, (stream, signature) => OpenSingle(stream, signature, path));

    public abstract void Dispose();

    private static CheckpointFile OpenSingle(FileStream stream, ReadOnlySpan<byte> signature, string path)
    {
        if (signature.StartsWith(ZipDirectory.Signature))
        {
            return new PyTorchArchive(stream, path);
        }

        return signature.StartsWith(LegacyPyTorchFile.Signature)
            ? new LegacyPyTorchFile(stream, path)
            : new SafetensorsCheckpoint(stream, path);
    }

    private static CheckpointFile Open(string path, Opening open)
    {
        FileStream stream = SourceFile.Open(path);
        try
        {
            Span<byte> start = stackalloc byte[4];
            int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            stream.Position = 0;
            return open(stream, start[..length]);
        }
        catch (EndOfStreamException exception)
        {
            stream.Dispose();
            throw new InvalidDataException($"{path}: the file ends where more is announced.", exception);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private delegate CheckpointFile Opening(FileStream stream, ReadOnlySpan<byte> signature);
}
