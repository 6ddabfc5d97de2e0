using RePaViT.IO;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Onnx;

/// <summary>
/// Writes a folded network as an ONNX file (opset 17) that ONNX Runtime runs and <see cref="OnnxReader"/> opens again.
/// </summary>
internal static class OnnxWriter
{
    private const int IrVersion = 8;
    private const int OperatorSetVersion = 17;
    private const int MachineLearningVersion = 2;
    // Protobuf parsers count the bytes of a message in a signed 32-bit integer.
    private const long MaxLength = int.MaxValue;

    private const string Documentation =
        "Weights carry the names of the reference implementation. The matrices of linear layers are stored transposed, [inputs, outputs].";

    /// <param name="path">The file to create or replace; it appears as a whole or not at all.</param>
    /// <param name="description">What the file says about the network.</param>
    /// <param name="network">The folded network of that description.</param>
    /// <param name="options">The further content of the file.</param>
    /// <exception cref="ArgumentException">
    /// The network is not the description's, not folded, or has a weight that is not a finite number.
    /// </exception>
    /// <exception cref="NotSupportedException">The network is too large for an ONNX file.</exception>
    public static void Write(string path, ModelDescription description, Network network, OnnxFileOptions? options = null)
    {
        ProtobufMessage model = CreateModel(description, network, options ?? new OnnxFileOptions());
        AtomicFile.Write(path, model.WriteTo);
    }

    /// <summary>Writes to a stream and leaves it open.</summary>
    /// <exception cref="ArgumentException">As for a file, or the stream cannot be written.</exception>
    /// <exception cref="NotSupportedException">As for a file.</exception>
    public static void Write(Stream stream, ModelDescription description, Network network, OnnxFileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
        {
            throw new ArgumentException("A writable stream is needed.", nameof(stream));
        }

        CreateModel(description, network, options ?? new OnnxFileOptions()).WriteTo(stream);
    }

    private static ProtobufMessage CreateModel(ModelDescription description, Network network, OnnxFileOptions options)
    {
        description.Validate();
        Architecture architecture = description.Architecture;
        if (!network.Layers.SequenceEqual(Folding.Fold(architecture.Layout(description.Form)).Layers))
        {
            throw new ArgumentException(
                $"The network does not have the folded layers of its description's {description.Form} form.", nameof(network));
        }

        // Finite weights can become others when they are folded, and a file of those would be refused.
        Network.ThrowUnlessUsable(network.Weights, network.Layers);
        OnnxGraph graph = OnnxNetwork.CreateGraph(architecture, network, options.Outputs, options.Row);
        var model = new ProtobufMessage();
        model.Add(OnnxSchema.Model.IrVersion, IrVersion);
        model.Add(OnnxSchema.Model.ProducerName, OnnxMetadata.Producer);
        model.Add(OnnxSchema.Model.ProducerVersion, OnnxMetadata.ProducerVersion);
        model.Add(OnnxSchema.Model.Graph, graph.ToMessage("RePaViT", Documentation));
        model.Add(OnnxSchema.Model.OperatorSet, OperatorSet("", OperatorSetVersion));
        if (options.Row is not null)
        {
            model.Add(OnnxSchema.Model.OperatorSet, OperatorSet(OnnxGraph.MachineLearningDomain, MachineLearningVersion));
        }

        var metadata = new OrderedDictionary<string, string>(
            NetworkMetadata.Create(description).Concat(options.Metadata), StringComparer.Ordinal);

        // The hash first: a file that was cut off after it does not fit it.
        foreach ((string key, string value) in metadata.Prepend(OnnxMetadata.ToEntry(Hash(metadata, network))))
        {
            var entry = new ProtobufMessage();
            entry.Add(OnnxSchema.Entry.Key, key);
            entry.Add(OnnxSchema.Entry.Value, value);
            model.Add(OnnxSchema.Model.Metadata, entry);
        }

        return model.Length <= MaxLength
            ? model
            : throw new NotSupportedException(
                $"The network needs an ONNX file of {model.Length} bytes, but the format allows at most {MaxLength}. Its deployed form "
                    + "may fit.");
    }

    private static ContentHash Hash(IReadOnlyDictionary<string, string> metadata, Network network)
    {
        ContentHash hash = OnnxMetadata.BeginHash(metadata);
        foreach (TensorSpec spec in network.Layers.SelectMany(layer => layer.Tensors))
        {
            hash.Add(TensorLayout.Hash(spec, network.Weights[spec.Name]));
        }

        return hash;
    }

    private static ProtobufMessage OperatorSet(string domain, int version)
    {
        var operatorSet = new ProtobufMessage();
        operatorSet.Add(OnnxSchema.OperatorSet.Domain, domain);
        operatorSet.Add(OnnxSchema.OperatorSet.Version, version);
        return operatorSet;
    }
}
