using System.Buffers.Binary;
using System.IO.Compression;
using RePaViT.IO;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Scoring;
using RePaViT.Networks;
using RePaViT.Onnx;

namespace RePaViT.MLNet.Loading;

/// <summary>What a file holds of a transformer.</summary>
internal sealed record LoadedModel(RePaViTModel Model, ScoringDescription Scoring, ClassKeys Classes);

/// <summary>Finds a network of this library in a file: an ONNX file, or an ML.NET model that holds one anywhere.</summary>
internal static class ModelFile
{
    // Where ML.NET's transformer for ONNX keeps its file: a length and so many bytes.
    private const string EntryName = "OnnxModel";
    private const int PrefixLength = sizeof(int);

    // Weights are close to noise. What shrinks more than this is a bomb; the rest allows for files of hardly any weights.
    private const long MaxCompression = 100;
    private const long AnyLength = 1 << 20;

    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">There is no such network in it, more than one, or it is damaged.</exception>
    /// <exception cref="IOException">The file is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static LoadedModel Read(string path)
    {
        using FileStream file = SourceFile.Open(path);
        if (!IsZip(file))
        {
            return ReadOnnx(file, path);
        }

        try
        {
            using var archive = new ZipArchive(file, ZipArchiveMode.Read);
            (string entry, byte[] onnx) = FindOnnx(archive, file.Length);
            return ReadOnnx(Content(onnx), entry);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{path}: this ML.NET model is not accepted. {exception.Message}", exception);
        }
    }

    private static bool IsZip(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        int length = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return start[..length].SequenceEqual("PK"u8);
    }

    private static LoadedModel ReadOnnx(Stream stream, string source)
    {
        IReadOnlyDictionary<string, string> texts = OnnxReader.ReadMetadata(stream, source);
        stream.Position = 0;
        (ModelDescription description, Network network) = OnnxReader.Read(stream, source);
        try
        {
            ModelMetadata metadata = texts.TryGetValue(ModelMetadata.Key, out string? json)
                ? ModelMetadata.FromJson(json)
                : ModelMetadata.Default;
            return new LoadedModel(
                new RePaViTModel(description, network).Reparameterize(),
                metadata.Scoring,
                metadata.CreateClasses(description.ClassNames));
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{source}: {exception.Message}", exception);
        }
    }

    private static (string Entry, byte[] Onnx) FindOnnx(ZipArchive archive, long archiveLength)
    {
        (string Entry, byte[] Onnx)? found = null;
        InvalidDataException? refusal = null;

        // Of all entries together: many may share one body.
        long room = AnyLength + MaxCompression * archiveLength;
        foreach (ZipArchiveEntry entry in archive.Entries.Where(IsOnnx))
        {
            byte[] onnx;
            try
            {
                onnx = Extract(entry, ref room);
                if (!OnnxReader.ReadMetadata(Content(onnx), entry.FullName).ContainsKey(ModelMetadata.Key))
                {
                    continue;
                }
            }
            catch (InvalidDataException exception)
            {
                // It may be somebody else's network; ours may follow.
                refusal ??= exception;
                continue;
            }

            if (found is not null)
            {
                throw new InvalidDataException(
                    $"It holds more than one network of this library, at '{found.Value.Entry}' and at '{entry.FullName}'. ML.NET itself loads such a model.");
            }

            found = (entry.FullName, onnx);
        }

        return found ?? throw refusal ?? new InvalidDataException(
            $"It holds no network of this library: there must be an {nameof(ImageClassificationRePaViTTransformer)} in what is saved.");
    }

    // ML.NET writes either slash.
    private static bool IsOnnx(ZipArchiveEntry entry) => entry.FullName.Split('/', '\\')[^1] == EntryName;

    private static MemoryStream Content(byte[] onnx) => new(onnx, PrefixLength, onnx.Length - PrefixLength, writable: false);

    private static byte[] Extract(ZipArchiveEntry entry, ref long room)
    {
        using Stream stream = entry.Open();
        long limit = Math.Min(Math.Min(AnyLength + MaxCompression * entry.CompressedLength, room), Array.MaxLength);
        if (entry.Length > limit)
        {
            throw new InvalidDataException(
                $"'{entry.FullName}': {entry.CompressedLength} bytes become {entry.Length}, which weights do not.");
        }

        room -= entry.Length;
        byte[] onnx = new byte[entry.Length];
        int read = stream.ReadAtLeast(onnx, onnx.Length, throwOnEndOfStream: false);
        if (read < onnx.Length)
        {
            throw new InvalidDataException($"'{entry.FullName}': it ends after {read} of {onnx.Length} bytes.");
        }

        if (Crc32.Compute(onnx) != entry.Crc32)
        {
            throw new InvalidDataException($"'{entry.FullName}': it is damaged, its checksum does not fit its content.");
        }

        int length = onnx.Length < PrefixLength ? -1 : BinaryPrimitives.ReadInt32LittleEndian(onnx);
        return length == onnx.Length - PrefixLength
            ? onnx
            : throw new InvalidDataException(
                $"'{entry.FullName}': it says that {length} bytes follow, but there are {onnx.Length - PrefixLength}.");
    }
}
