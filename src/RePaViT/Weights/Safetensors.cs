using System.Buffers.Binary;
using System.Text.Json;
using RePaViT.IO;
using RePaViT.Weights;

namespace RePaViT;

/// <summary>
/// Reads and writes safetensors files: a 64-bit header length, a JSON header that gives each tensor's type, shape and
/// position, and the data without gaps (github.com/huggingface/safetensors, "Format").
/// </summary>
public static class Safetensors
{
    // The limit of the format's own reader.
    private const int MaxHeaderLength = 100_000_000;
    private const int PrefixLength = sizeof(ulong);
    private const string StreamSource = "safetensors stream";

    /// <summary>Reads a file. F32, F16, BF16, F64, I32 and I64 tensors become 32-bit floats, rounded to nearest.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, is not a safetensors file, or holds a tensor of another type; the message says where.
    /// </exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static SafetensorsFile Read(string path)
    {
        using FileStream stream = SourceFile.Open(path);
        return Read(stream, path);
    }

    /// <summary>Reads from the current position of a stream to its end. The stream stays open.</summary>
    /// <param name="stream">A stream that can seek: its length bounds what its header may claim.</param>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static SafetensorsFile Read(Stream stream)
    {
        SourceFile.ThrowUnlessReadable(stream);
        return Read(stream, StreamSource);
    }

    /// <summary>
    /// Writes 32-bit float tensors, in their order. The same content gives the same bytes. The file is written completely
    /// or not at all.
    /// </summary>
    /// <param name="path">The file to create or replace, or a link to it.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="metadata">Text to store in the header, or null.</param>
    /// <exception cref="ArgumentException">A name cannot be stored, or the header would be over 100 million bytes.</exception>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    public static void Write(string path, NamedTensors tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        byte[] header = CreateHeader(tensors, metadata);
        AtomicFile.Write(path, stream => Write(stream, header, tensors));
    }

    /// <summary>Writes to a stream and leaves it open.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="metadata">Text to store in the header, or null.</param>
    /// <exception cref="ArgumentException">As for a file, or the stream cannot be written.</exception>
    public static void Write(Stream stream, NamedTensors tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
        {
            throw new ArgumentException("A writable stream is needed.", nameof(stream));
        }

        Write(stream, CreateHeader(tensors, metadata), tensors);
    }

    private static SafetensorsFile Read(Stream stream, string source)
    {
        try
        {
            SafetensorsHeader header = ReadHeader(stream, source);
            var tensors = new NamedTensors();
            foreach (SafetensorsEntry entry in header.Entries)
            {
                var data = new float[entry.Length];
                entry.Type.Read(stream, data);
                tensors.Add(entry.Name, new WeightTensor(data, entry.Shape));
            }

            return new SafetensorsFile(tensors, header.Metadata);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{source}: the file became shorter while it was read.", exception);
        }
    }

    /// <summary>Reads the header and leaves the stream at the data.</summary>
    /// <param name="stream">A stream at the beginning of a file.</param>
    /// <param name="source">Its name in messages.</param>
    internal static SafetensorsHeader ReadHeader(Stream stream, string source)
    {
        long available = stream.Length - stream.Position - PrefixLength;
        if (available < 0)
        {
            throw new InvalidDataException(
                $"{source}: {available + PrefixLength} bytes are too few for a safetensors file, which starts with an 8-byte length.");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)Math.Min(available, MaxHeaderLength))
        {
            throw new InvalidDataException(
                $"{source}: a header of {length} bytes is claimed at offset 0, but at most {Math.Min(available, MaxHeaderLength)} are possible. Is it a safetensors file?");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        try
        {
            return SafetensorsHeader.Parse(json, available - json.Length);
        }
        catch (Exception exception) when (exception is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{source}: the header at offset {PrefixLength} is not accepted. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    private static byte[] CreateHeader(NamedTensors tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return CreateHeader(
            tensors.Select(pair => new SafetensorsEntry(pair.Key, SafetensorsType.F32, pair.Value.Shape.ToArray(), pair.Value.Length)), metadata);
    }

    /// <summary>The header of a file, for <see cref="WriteHeader"/>.</summary>
    /// <exception cref="ArgumentException">A name cannot be stored, or there is too much to store.</exception>
    internal static byte[] CreateHeader(IEnumerable<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        byte[] header = SafetensorsHeader.Create(tensors, metadata);
        return header.Length <= MaxHeaderLength
            ? header
            : throw new ArgumentException($"The names and metadata need a header of {header.Length} bytes; at most {MaxHeaderLength} are allowed.");
    }

    /// <summary>Writes a header, after which the data of its tensors begin.</summary>
    internal static void WriteHeader(Stream stream, byte[] header)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
    }

    private static void Write(Stream stream, byte[] header, NamedTensors tensors)
    {
        WriteHeader(stream, header);
        foreach ((_, WeightTensor tensor) in tensors)
        {
            LittleEndian.WriteSingles(stream, tensor.Data);
        }
    }
}
