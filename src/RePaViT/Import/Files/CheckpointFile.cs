using System.Buffers.Binary;
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

    /// <summary>Whether it holds a program with its weights, which is not read.</summary>
    public virtual bool IsTorchScript => false;

    /// <summary>Bytes that it takes on disk: what justifies memory.</summary>
    public abstract long Length { get; }

    /// <summary>Opens a file; its content decides what it is, not its name.</summary>
    /// <param name="path">Safetensors, an index of several files, or what <c>torch.save</c> wrote.</param>
    /// <exception cref="InvalidDataException">The file is damaged or of another kind; the message says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static CheckpointFile Open(string path) => Open(path, isPart: false);

    /// <summary>Opens a file that an index names, and that is none itself: otherwise it could name itself.</summary>
    public static CheckpointFile OpenPart(string path) => Open(path, isPart: true);

    public abstract void Dispose();

    private static CheckpointFile Open(string path, bool isPart)
    {
        FileStream stream = SourceFile.Open(path);
        try
        {
            return Open(stream, path, isPart);
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

    private static CheckpointFile Open(FileStream stream, string path, bool isPart)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong) + 1];
        ReadOnlySpan<byte> start = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        stream.Position = 0;

        // First, because the length that such a file begins with may look like any other beginning.
        if (start.Length == bytes.Length && start[^1] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(start) <= (ulong)stream.Length)
        {
            return new SafetensorsCheckpoint(stream, path);
        }

        if (start.StartsWith(ZipDirectory.Signature))
        {
            return new PyTorchArchive(stream, path);
        }

        if (start.StartsWith(LegacyPyTorchFile.Signature))
        {
            return new LegacyPyTorchFile(stream, path);
        }

        return start.StartsWith("{"u8) && !isPart ? new ShardedCheckpoint(stream, path) : new SafetensorsCheckpoint(stream, path);
    }
}
