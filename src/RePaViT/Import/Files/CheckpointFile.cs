using System.Buffers.Binary;
using RePaViT.Import.PyTorch;
using RePaViT.IO;

namespace RePaViT.Import.Files;

/// <summary>
/// A file of weights that others wrote. It stays open: tensors are read when they are requested. What it holds is data, and
/// nothing in it is executed.
/// </summary>
internal abstract class CheckpointFile : IDisposable
{
    private Stream? _owned;

    /// <summary>The sets of tensors that it holds.</summary>
    public abstract IReadOnlyList<CheckpointSection> Sections { get; }

    /// <summary>Arguments of the training run that wrote it, by name; often none.</summary>
    public virtual IReadOnlyDictionary<string, object?> Settings { get; } = new Dictionary<string, object?>();

    /// <summary>Whether it holds a program with its weights, which is not read.</summary>
    public virtual bool IsTorchScript => false;

    /// <summary>What it says about its network itself, if this library wrote it; otherwise null.</summary>
    public virtual ModelDescription? Description => null;

    /// <summary>Bytes that it takes on disk: what justifies memory.</summary>
    public abstract long Length { get; }

    /// <summary>Opens a file; its content decides what it is, not its name.</summary>
    /// <param name="path">Safetensors, an index of several files, or what <c>torch.save</c> wrote.</param>
    /// <exception cref="InvalidDataException">The file is damaged or of another kind; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static CheckpointFile Open(string path) => Open(path, mayBeIndex: true);

    /// <summary>Opens a file that is not an index, as those that an index names: otherwise it could name itself.</summary>
    public static CheckpointFile OpenSingle(string path) => Open(path, mayBeIndex: false);

    /// <summary>Opens a file that is not an index.</summary>
    /// <param name="stream">All of the file, wherever it stands. It must stay open as long as this, which does not close it.</param>
    /// <param name="source">What to call it.</param>
    /// <exception cref="InvalidDataException">As for a path.</exception>
    public static CheckpointFile Open(Stream stream, string source) => Open(stream, source, mayBeIndex: false);

    public virtual void Dispose() => _owned?.Dispose();

    private static CheckpointFile Open(string path, bool mayBeIndex)
    {
        FileStream stream = SourceFile.Open(path);
        try
        {
            CheckpointFile file = Open(stream, path, mayBeIndex);
            file._owned = stream;
            return file;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static CheckpointFile Open(Stream stream, string source, bool mayBeIndex)
    {
        try
        {
            return Recognize(stream, source, mayBeIndex);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{source}: the file ends where more must follow.", exception);
        }
    }

    private static CheckpointFile Recognize(Stream stream, string source, bool mayBeIndex)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong) + 1];
        stream.Position = 0;
        ReadOnlySpan<byte> start = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        stream.Position = 0;

        // First, because the length that such a file begins with may look like any other beginning.
        if (start.Length == bytes.Length && start[^1] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(start) <= (ulong)stream.Length)
        {
            return new SafetensorsCheckpoint(stream, source);
        }

        if (start.StartsWith(ZipDirectory.Signature))
        {
            return new PyTorchArchive(stream, source);
        }

        if (start.StartsWith(LegacyPyTorchFile.Signature))
        {
            return new LegacyPyTorchFile(stream, source);
        }

        if (!start.StartsWith("{"u8))
        {
            return new SafetensorsCheckpoint(stream, source);
        }

        return mayBeIndex
            ? new ShardedCheckpoint(stream, source)
            : throw new InvalidDataException(
                $"{source}: it begins like an index of several files, which can only be read from a file beside them; "
                + "a file of tensors is needed.");
    }
}
