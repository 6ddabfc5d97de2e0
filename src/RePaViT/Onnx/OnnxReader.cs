using RePaViT.IO;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Onnx;

/// <summary>
/// Opens the files of <see cref="OnnxWriter"/>. The network is rebuilt from the description in the metadata; of the graph
/// only the weights are read.
/// </summary>
internal static class OnnxReader
{
    private const string StreamSource = "ONNX stream";
    private const int MaxRank = 8;

    // Many more than there are.
    private const int MaxTexts = 100;

    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is damaged, not ours or too new; the message says which.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static (ModelDescription Description, Network Network) Read(string path)
    {
        using FileStream stream = SourceFile.Open(path);
        return Read(stream, path);
    }

    /// <summary>Reads from the current position of a stream to its end. The stream stays open.</summary>
    /// <param name="stream">A stream that can seek: its length bounds what its content may claim.</param>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static (ModelDescription Description, Network Network) Read(Stream stream) => Read(stream, StreamSource);

    /// <summary>Reads the texts of this library's metadata; none in a file of somebody else's. The stream stays open.</summary>
    /// <param name="stream">A stream that can seek, as for <see cref="Read(Stream)"/>.</param>
    /// <param name="source">What to call it.</param>
    /// <param name="maxTextLength">Bytes that a text may have.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static IReadOnlyDictionary<string, string> ReadMetadata(
        Stream stream, string source, int maxTextLength = ProtobufReader.UsualMaxTextLength)
        => Guard(source, () => ReadModel(new ProtobufReader(stream, maxTextLength)).Metadata);

    /// <summary>
    /// Reads what program a file says that it comes from, if it says so before its graph; else null. The stream stays open.
    /// </summary>
    /// <param name="stream">A stream that can seek, as for <see cref="Read(Stream)"/>.</param>
    /// <param name="source">What to call it.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static string? ReadProducer(Stream stream, string source)
        => Guard(source, () =>
        {
            var model = new ProtobufReader(stream);
            while (model.Next() && model.Field != OnnxSchema.Model.Graph)
            {
                if (model.Field == OnnxSchema.Model.ProducerName)
                {
                    return model.ReadName();
                }
            }

            return null;
        });

    /// <summary>Reads as <see cref="Read(Stream)"/> does, and calls the stream what the caller does.</summary>
    /// <remarks>The stream is passed over three times; nothing is kept for a tensor before all are known to be there.</remarks>
    public static (ModelDescription Description, Network Network) Read(
        Stream stream, string source, int maxTextLength = ProtobufReader.UsualMaxTextLength)
        => Guard(source, () =>
        {
            SourceFile.ThrowUnlessReadable(stream);
            (Dictionary<string, string> metadata, ProtobufReader? graph, bool hasHash) =
                ReadModel(new ProtobufReader(stream, maxTextLength));
            ModelDescription description = NetworkMetadata.Parse(metadata);
            if (graph is null)
            {
                throw new InvalidDataException("It has no graph.");
            }

            NetworkLayout layout = Folding.Fold(description.Architecture.Layout(description.Form));
            TensorSpec[] tensors = [.. layout.Layers.SelectMany(layer => layer.Tensors)];
            Dictionary<string, TensorPlace> places = FindTensors(graph, tensors);
            var values = new WeightTensor[tensors.Length];
            var hashes = new ContentHash[tensors.Length];
            long[] offsets = new long[tensors.Length];
            for (int i = 0; i < tensors.Length; i++)
            {
                offsets[i] = FindData(tensors[i], places);
            }

            foreach (int index in InOrder(offsets))
            {
                stream.Position = offsets[index];
                (values[index], hashes[index]) = ReadTensor(stream, tensors[index]);
            }

            var weights = new NamedTensors();
            ContentHash hash = OnnxMetadata.BeginHash(metadata);
            for (int i = 0; i < tensors.Length; i++)
            {
                weights.Add(tensors[i].Name, values[i]);
                hash.Add(hashes[i]);
            }

            OnnxMetadata.ThrowUnlessFits(metadata, hash, hasHash);
            return (description, CreateNetwork(layout, weights));
        });

    /// <summary>Indices of numbers by their size. Our own files have tensors in the order in which they are requested.</summary>
    private static int[] InOrder(long[] offsets)
    {
        int[] indices = new int[offsets.Length];
        bool isAscending = true;
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = i;
            isAscending &= i == 0 || offsets[i - 1] <= offsets[i];
        }

        return isAscending ? indices : [.. indices.OrderBy(index => offsets[index])];
    }

    private static T Guard<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{source}: the file became shorter while it was read.", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{source}: this ONNX file is not accepted. {exception.Message}", exception);
        }
    }

    private static (Dictionary<string, string> Metadata, ProtobufReader? Graph, bool HasHash) ReadModel(ProtobufReader model)
    {
        ProtobufReader? graph = null;
        bool hasHash = false;
        long length = 0;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        while (model.Next())
        {
            switch (model.Field)
            {
                case OnnxSchema.Model.ProducerVersion:
                    hasHash = true;
                    break;
                case OnnxSchema.Model.Graph when graph is not null:
                    throw new InvalidDataException("It has a second graph.");
                case OnnxSchema.Model.Graph:
                    graph = model.ReadMessage();
                    break;
                case OnnxSchema.Model.Metadata:
                    (string key, string value) = ReadEntry(model.ReadMessage());
                    length += NetworkMetadata.IsOurs(key) ? value.Length : 0;
                    if (NetworkMetadata.IsOurs(key) && !metadata.TryAdd(key, value))
                    {
                        throw new InvalidDataException($"Metadata '{Excerpt.Of(key)}' occurs twice.");
                    }

                    if (metadata.Count > MaxTexts || length > model.MaxTextLength)
                    {
                        throw new InvalidDataException(
                            $"Its metadata are longer than {MaxTexts} texts or {model.MaxTextLength} bytes.");
                    }

                    break;
            }
        }

        return (metadata, graph, hasHash);
    }

    private static (string Key, string Value) ReadEntry(ProtobufReader entry)
    {
        (string key, string value) = ("", "");
        while (entry.Next())
        {
            switch (entry.Field)
            {
                case OnnxSchema.Entry.Key:
                    key = entry.ReadName();
                    break;
                case OnnxSchema.Entry.Value when key.Length == 0 || NetworkMetadata.IsOurs(key):
                    value = entry.ReadString();
                    break;
            }
        }

        return (key, value);
    }

    private static Dictionary<string, TensorPlace> FindTensors(ProtobufReader graph, IEnumerable<TensorSpec> tensors)
    {
        // Constants of the graph are initializers too; only what is wanted is kept.
        HashSet<string> wanted = tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var places = new Dictionary<string, TensorPlace>(StringComparer.Ordinal);
        while (graph.Next())
        {
            if (graph.Field == OnnxSchema.Graph.Initializer)
            {
                (string name, TensorPlace place) = FindTensor(graph.ReadMessage());
                if (wanted.Contains(name) && !places.TryAdd(name, place))
                {
                    throw new InvalidDataException($"Tensor '{name}' occurs twice.");
                }
            }
        }

        return places;
    }

    private static (string Name, TensorPlace Place) FindTensor(ProtobufReader tensor)
    {
        string name = "";
        var shape = new List<long>();
        long type = 0;
        (long Offset, long Length)? data = null;
        while (tensor.Next())
        {
            switch (tensor.Field)
            {
                case OnnxSchema.Tensor.Dims when shape.Count > MaxRank:
                    throw new InvalidDataException($"A tensor has more than {MaxRank} dimensions.");
                case OnnxSchema.Tensor.Dims when tensor.Type == WireType.LengthDelimited:
                    shape.AddRange(tensor.ReadPackedIntegers().Take(MaxRank + 1));
                    break;
                case OnnxSchema.Tensor.Dims:
                    shape.Add(tensor.ReadInteger());
                    break;
                case OnnxSchema.Tensor.DataType:
                    type = tensor.ReadInteger();
                    break;
                case OnnxSchema.Tensor.Name:
                    name = tensor.ReadName();
                    break;
                case OnnxSchema.Tensor.RawData:
                    data = tensor.ReadPlace();
                    break;
            }
        }

        return (name, new TensorPlace(shape, type, data));
    }

    /// <summary>Where the values of a tensor begin, as many as it needs.</summary>
    private static long FindData(TensorSpec spec, Dictionary<string, TensorPlace> places)
    {
        if (!places.TryGetValue(spec.Name, out TensorPlace? place))
        {
            throw new InvalidDataException($"Tensor '{spec.Name}' is missing.");
        }

        int[] shape = TensorLayout.StoredShape(spec);
        if (!HasShape(place, shape))
        {
            throw new InvalidDataException(
                $"Tensor '{spec.Name}' has shape [{string.Join(", ", place.Shape)}], but the architecture needs [{string.Join(", ", shape)}].");
        }

        if (place.Type != OnnxSchema.Tensor.FloatType || place.Data is not (long offset, long length))
        {
            throw new InvalidDataException(
                $"Tensor '{spec.Name}' has data type {place.Type}{(place.Data is null ? " and no raw data" : "")}, but raw 32-bit floats (type {OnnxSchema.Tensor.FloatType}) are needed.");
        }

        return length == spec.Length * sizeof(float)
            ? offset
            : throw new InvalidDataException(
                $"Tensor '{spec.Name}' at offset {offset} has {length} bytes of data, but {spec.Length * sizeof(float)} are needed.");
    }

    private static bool HasShape(TensorPlace place, int[] shape)
    {
        bool isSame = place.Shape.Count == shape.Length;
        for (int i = 0; isSame && i < shape.Length; i++)
        {
            isSame = place.Shape[i] == shape[i];
        }

        return isSame;
    }

    private static (WeightTensor Tensor, ContentHash Hash) ReadTensor(Stream stream, TensorSpec spec)
    {
        try
        {
            return TensorLayout.Read(stream, spec);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    private static Network CreateNetwork(NetworkLayout layout, NamedTensors weights)
    {
        try
        {
            Network.ThrowUnlessUsable(weights, layout.Layers);
            return new Network(layout, weights, NetworkStage.Folded);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    /// <summary>What a file says about a tensor, and where its raw data lie.</summary>
    private sealed record TensorPlace(IReadOnlyList<long> Shape, long Type, (long Offset, long Length)? Data);
}
