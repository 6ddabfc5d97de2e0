using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Training.Pretraining;

/// <summary>
/// What a self-distilled run trains: a network up to its features with <see cref="SelfDistillationHead"/> behind them, for large crops,
/// and the same for small ones. They share all weights; the position table of the second is made from that of the first.
/// </summary>
/// <param name="Global">For large crops, with its weights.</param>
/// <param name="Local">For small crops.</param>
/// <param name="Positions">Makes the table; null where there is none, or where both have the same size.</param>
/// <param name="Untrained">What features do without: the tensors of the head as zeros, what comes before it as it is.</param>
internal sealed record CropNetworks(Network Global, Network Local, PositionMap? Positions, FixedTensors Untrained)
{
    /// <param name="whole">The network in training form, with the weights to start from.</param>
    /// <param name="architecture">What it is.</param>
    /// <param name="options">Complete.</param>
    /// <param name="seed">What the head is drawn from.</param>
    /// <exception cref="ArgumentException">The network does not accept the size of small crops.</exception>
    public static CropNetworks Create(Network whole, Architecture architecture, SelfDistillation options, ulong seed)
    {
        int size = options.LocalCropSize!.Value;
        if (FindProblem(architecture, size) is string problem)
        {
            throw new ArgumentException($"{nameof(SelfDistillation.LocalCropSize)} {size} is not accepted: {problem}");
        }

        Network features = whole.TakeOutput(NetworkLayout.Features);
        var head = new SelfDistillationHead(
            FeaturesOf(architecture), options.HiddenDim!.Value, options.BottleneckDim!.Value, options.Prototypes!.Value);
        NamedTensors headWeights = WeightInitializer.Create([head], seed);
        Architecture local = architecture with { ImageSize = size };
        PositionMap? positions = MapOf(architecture, local);
        return new CropNetworks(
            WithHead(features.Layers, tensor => tensor),
            WithHead(FeatureLayersOf(local), tensor => positions!.Map(tensor)),
            positions,
            UntrainedOf(whole, features));

        Network WithHead(IEnumerable<Layer> layers, Func<WeightTensor, WeightTensor> mapPositions)
        {
            var weights = new NamedTensors();
            foreach ((string name, WeightTensor tensor) in features.Weights.Concat(headWeights))
            {
                weights.Add(name, name == positions?.Name ? mapPositions(tensor) : tensor);
            }

            Layer[] all = [.. layers, head];
            return new Network(new NetworkLayout(all, [new NetworkOutput(NetworkLayout.Cosines, all.Length)]), weights, features.Stage);
        }
    }

    /// <summary>Channels of a network's features.</summary>
    public static int FeaturesOf(Architecture architecture) => new NetworkGraph(FeatureLayersOf(architecture)).Graph.Output.Shape.Columns;

    /// <summary>Why a network cannot see crops of a size with the same weights, as a sentence; null if it can.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="size">Width and height of the crops.</param>
    public static string? FindProblem(Architecture architecture, int size)
    {
        if (size == architecture.ImageSize)
        {
            return null;
        }

        if (size > architecture.ImageSize)
        {
            return $"at most {nameof(Architecture.ImageSize)}, {architecture.ImageSize}, is needed.";
        }

        Architecture local = architecture with { ImageSize = size };
        try
        {
            local.Validate();
        }
        catch (ArgumentException exception)
        {
            return exception.Message;
        }

        Dictionary<string, int[]> shapes = ShapesOf(local);
        string? different = ShapesOf(architecture)
            .FirstOrDefault(tensor => !shapes[tensor.Key].SequenceEqual(tensor.Value) && MapOf(architecture, local)?.Name != tensor.Key).Key;
        return different is null
            ? null
            : $"tensor '{different}' of this network depends on the size of the image; {architecture.ImageSize}, that of its images, is accepted.";
    }

    /// <summary>The layers that make the features.</summary>
    private static Layer[] FeatureLayersOf(Architecture architecture)
    {
        NetworkLayout layout = architecture.Layout(NetworkForm.Trained);
        NetworkOutput features = layout.Find(NetworkLayout.Features);
        IEnumerable<Layer> layers = layout.Layers.Take(features.Layers);
        return [.. features.Last is null ? layers : layers.Append(features.Last)];
    }

    private static FixedTensors UntrainedOf(Network whole, Network features)
    {
        var specs = new List<TensorSpec>();
        var weights = new NamedTensors();
        foreach (Layer layer in whole.Layers)
        {
            foreach (TensorSpec tensor in layer.Tensors.Where(tensor => !features.Weights.TryGet(tensor.Name, out _)))
            {
                specs.Add(tensor);
                weights.Add(tensor.Name, layer.IsHead ? new WeightTensor(new float[tensor.Length], tensor.Shape) : whole.Weights[tensor.Name]);
            }
        }

        return new FixedTensors(specs, weights);
    }

    private static Dictionary<string, int[]> ShapesOf(Architecture architecture) => architecture.Layers(NetworkForm.Trained)
        .SelectMany(layer => layer.Tensors).ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);

    /// <summary>How positions of one become those of another, in networks that have a table of them.</summary>
    private static PositionMap? MapOf(Architecture global, Architecture local)
    {
        if (global == local || EmbeddingOf(global) is not TokenEmbedding from || EmbeddingOf(local) is not TokenEmbedding to)
        {
            return null;
        }

        return new PositionMap(from.Positions, from.Prefix, SideOf(from), SideOf(to));

        static TokenEmbedding? EmbeddingOf(Architecture architecture) => architecture.Layers(NetworkForm.Trained).OfType<TokenEmbedding>().SingleOrDefault();

        static int SideOf(TokenEmbedding embedding) => (int)Math.Sqrt(embedding.Input.Rows);
    }
}
