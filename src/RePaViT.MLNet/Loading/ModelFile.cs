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

/// <summary>Makes what is wanted of a network and the texts that came with it.</summary>
/// <exception cref="InvalidDataException">The texts are not accepted.</exception>
internal delegate T ModelFactory<T>(RePaViTModel model, IReadOnlyDictionary<string, string> texts);

/// <summary>Finds a network of this library in a file: an ONNX file, or an ML.NET model that holds one anywhere.</summary>
internal static class ModelFile
{
    // Where ML.NET's transformer for ONNX keeps its file: a length and so many bytes.
    private const string EntryName = "OnnxModel";

    // Weights are close to noise: what shrinks no more than this is unpacked into memory. The rest is read as it is unpacked,
    // and nothing kept but weights that the architecture needs: a network may consist of zeros.
    private const long UsualCompression = 4;

    // What shrinks more than this is a bomb. Descriptions shrink less, and come with weights.
    private const long MaxCompression = 100;
    private const long MaxTextCompression = 8;
    private const long AnyLength = 1 << 20;

    private static readonly Target Classifier = new(
        "classifier", $"an {nameof(ImageClassificationRePaViTTransformer)}", texts => texts.ContainsKey(ModelMetadata.Key));

    private static readonly Target AnyNetwork = new(
        "network",
        $"an {nameof(ImageClassificationRePaViTTransformer)} or a {nameof(RePaViTFeaturizerTransformer)}",
        NetworkMetadata.DescribeNetwork);

    /// <summary>Reads a classifier.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">There is no such network in it, more than one, or it is damaged.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static LoadedModel Read(string path) => Read(path, Classifier, (model, texts) =>
    {
        ModelMetadata metadata = texts.TryGetValue(ModelMetadata.Key, out string? json)
            ? ModelMetadata.FromJson(json)
            : ModelMetadata.Default;
        return new LoadedModel(model, metadata.Scoring, metadata.CreateClasses(model.ClassNames));
    });

    /// <summary>Reads only the network, whatever it was saved for. Exceptions are those of <see cref="Read(string)"/>.</summary>
    public static RePaViTModel ReadNetwork(string path) => Read(path, AnyNetwork, (model, _) => model);

    private static T Read<T>(string path, Target target, ModelFactory<T> create)
    {
        using FileStream file = SourceFile.Open(path);
        if (!IsZip(file))
        {
            return ReadOnnx(file, path, create);
        }

        try
        {
            using var archive = new ZipArchive(file, ZipArchiveMode.Read);
            using Entry entry = FindOnnx(archive, file.Length, target);
            return ReadOnnx(entry.Content, entry.Name, create, entry.MaxTextLength);
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

    private static T ReadOnnx<T>(
        Stream stream, string source, ModelFactory<T> create, int maxTextLength = ProtobufReader.UsualMaxTextLength)
    {
        IReadOnlyDictionary<string, string> texts = OnnxReader.ReadMetadata(stream, source, maxTextLength);
        stream.Position = 0;
        (ModelDescription description, Network network) = OnnxReader.Read(stream, source, maxTextLength);
        try
        {
            return create(new RePaViTModel(description, network).Reparameterize(), texts);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{source}: {exception.Message}", exception);
        }
    }

    private static Entry FindOnnx(ZipArchive archive, long archiveLength, Target target)
    {
        Entry? found = null;
        InvalidDataException? refusal = null;

        // Of all entries together: many may share one body.
        long room = AnyLength + MaxCompression * archiveLength;
        foreach (ZipArchiveEntry entry in archive.Entries.Where(IsOnnx))
        {
            Entry? next;
            try
            {
                next = OpenIfWanted(entry, target, ref room);
            }
            catch (InvalidDataException exception)
            {
                // It may be somebody else's network; ours may follow.
                refusal ??= exception;
                continue;
            }

            if (found is not null && next is not null)
            {
                throw new InvalidDataException(
                    $"It holds more than one {target.Name} of this library, at '{found.Name}' and at '{next.Name}'. ML.NET itself loads such a model.");
            }

            found ??= next;
        }

        return found ?? throw refusal ?? new InvalidDataException(
            $"It holds no {target.Name} of this library: the saved model must contain {target.Holder}.");
    }

    // ML.NET writes either slash.
    private static bool IsOnnx(ZipArchiveEntry entry) => entry.FullName.Split('/', '\\')[^1] == EntryName;

    private static Entry? OpenIfWanted(ZipArchiveEntry entry, Target target, ref long room)
    {
        string name = Excerpt.Of(entry.FullName);
        if (entry.Length > Math.Min(Justified(entry, MaxCompression), room))
        {
            throw new InvalidDataException(
                $"'{name}': {entry.CompressedLength} bytes unpack to {entry.Length}, which weights never do.");
        }

        room -= entry.Length;
        int maxTextLength = (int)Math.Min(Justified(entry, MaxTextCompression), ProtobufReader.UsualMaxTextLength);
        Stream content = new EntryStream(entry);
        if (entry.Length <= Justified(entry, UsualCompression)
            && OnnxReader.ReadProducer(content, name) == OnnxMetadata.Producer)
        {
            // Most likely ours, to be read more than once.
            content.Position = 0;
            byte[] onnx = new byte[content.Length];
            content.ReadExactly(onnx);
            content.Dispose();
            content = new MemoryStream(onnx, writable: false);
        }

        content.Position = 0;
        bool isWanted = target.IsDescribed(OnnxReader.ReadMetadata(content, name, maxTextLength));
        (content as EntryStream)?.ThrowUnlessWhole();
        if (!isWanted)
        {
            content.Dispose();
            return null;
        }

        content.Position = 0;
        return new Entry(name, content, maxTextLength);
    }

    private static long Justified(ZipArchiveEntry entry, long compression) => AnyLength + compression * entry.CompressedLength;

    /// <summary>What to look for in an archive.</summary>
    /// <param name="Name">What it is called.</param>
    /// <param name="Holder">The transformers that hold such a network.</param>
    /// <param name="IsDescribed">Whether the texts that come with a network are those of one.</param>
    private sealed record Target(string Name, string Holder, Func<IReadOnlyDictionary<string, string>, bool> IsDescribed);

    /// <summary>A network of this library in an archive.</summary>
    private sealed record Entry(string Name, Stream Content, int MaxTextLength) : IDisposable
    {
        public void Dispose() => Content.Dispose();
    }
}
