using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RePaViT.Operators;

namespace RePaViT.Conversion;

/// <summary>
/// What all images have at one place of a network. More than 256 MiB stand in a file without a name, which is gone with the
/// process, in the folder for temporary files.
/// </summary>
internal sealed class RowStore : IDisposable
{
    private const long MaxInMemory = 1 << 26;

    private readonly float[] _values = [];
    private readonly SafeFileHandle? _file;

    /// <exception cref="IOException">The file cannot be made.</exception>
    public RowStore(int images, Shape shape, long maxInMemory = MaxInMemory)
    {
        Shape = shape;
        long length = images * shape.Length;
        if (length <= maxInMemory)
        {
            _values = new float[length];
            return;
        }

        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            _file = File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose, preallocationSize: length * sizeof(float));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"'{Path.GetTempPath()}' cannot hold {length * sizeof(float)} bytes for a while: {exception.Message} "
                + $"The environment variable {(OperatingSystem.IsWindows() ? "TMP" : "TMPDIR")} may name a folder with more room.",
                exception);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }
    }

    /// <summary>What it has of one image.</summary>
    public Shape Shape { get; }

    /// <summary>Copies what some images have, from one on.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(int first, Span<float> values)
    {
        long start = first * Shape.Length;
        if (_file is null)
        {
            _values.AsSpan((int)start, values.Length).CopyTo(values);
            return;
        }

        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        for (long offset = start * sizeof(float); bytes.Length > 0;)
        {
            int read = RandomAccess.Read(_file, bytes, offset);
            if (read == 0)
            {
                throw new EndOfStreamException("A file for temporary values is shorter than what was written to it.");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>Sets what some images have, from one on.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(int first, ReadOnlySpan<float> values)
    {
        long start = first * Shape.Length;
        if (_file is null)
        {
            values.CopyTo(_values.AsSpan((int)start, values.Length));
        }
        else
        {
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(values), start * sizeof(float));
        }
    }

    public void Dispose() => _file?.Dispose();
}
