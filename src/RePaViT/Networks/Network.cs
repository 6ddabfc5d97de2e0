using RePaViT.IO;
using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Weights;

namespace RePaViT.Networks;

/// <summary>Layers, the tensors they name, and how far they are from training form: what every engine is built from.</summary>
internal sealed record Network
{
    // What PyTorch stores in addition: a count that nothing depends on, and what follows from the architecture.
    private static readonly string[] Redundant = [".num_batches_tracked", ".relative_position_index", ".attn_mask"];

    /// <exception cref="ArgumentException">A tensor is missing, unknown or of the wrong shape.</exception>
    public Network(NetworkLayout layout, NamedTensors weights, NetworkStage stage)
    {
        ThrowUnlessFits(weights, layout.Layers);
        Layout = layout;
        Weights = weights;
        Stage = stage;
    }

    public NetworkLayout Layout { get; }

    public IReadOnlyList<Layer> Layers => Layout.Layers;

    public NamedTensors Weights { get; }

    public NetworkStage Stage { get; }

    /// <summary>The network in operators.</summary>
    public NetworkGraph ToGraph() => new(Layers);

    /// <summary>The part of the network that computes one of its outputs: without a head, for instance.</summary>
    /// <exception cref="ArgumentException">There is no such output.</exception>
    public Network TakeOutput(string name)
    {
        NetworkOutput end = Layout.Find(name);
        Layer[] layers = [.. Layers.Take(end.Layers)];
        if (end.Last is not null)
        {
            layers = [.. layers, end.Last];
        }

        var weights = new NamedTensors();
        foreach (TensorSpec tensor in layers.SelectMany(layer => layer.Tensors))
        {
            weights.Add(tensor.Name, Weights[tensor.Name]);
        }

        IEnumerable<NetworkOutput> before = Layout.Outputs.TakeWhile(output => output != end);
        return new Network(new NetworkLayout(layers, [.. before, new NetworkOutput(name, layers.Length)]), weights, Stage);
    }

    /// <summary>
    /// Checks tensors that come from outside: that they are those of these layers, that every value is a finite number, and no
    /// variance below 0.
    /// </summary>
    /// <exception cref="ArgumentException">They are not; the message names the first tensor that is wrong.</exception>
    public static void ThrowUnlessUsable(NamedTensors weights, IReadOnlyList<Layer> layers)
    {
        ThrowUnlessFits(weights, layers);
        foreach (TensorSpec spec in layers.SelectMany(layer => layer.Tensors))
        {
            // What is packed was looked at before, and is not unpacked for that.
            WeightTensor tensor = weights[spec.Name];
            if (!tensor.IsPacked
                && TensorValues.FindWrong(spec.Name, tensor.Data, spec.Role == TensorRole.RunningVariance) is string wrong)
            {
                throw TensorValues.Refusal(wrong);
            }
        }
    }

    /// <summary>Whether a tensor of that name says nothing that the architecture does not say.</summary>
    public static bool IsRedundant(string name) => Redundant.Any(end => name.EndsWith(end, StringComparison.Ordinal));

    /// <summary>Checks that some tensors are those of some layers: none missing, none unknown, every shape right.</summary>
    /// <exception cref="ArgumentException">They are not; the message names the first tensor that is wrong.</exception>
    public static void ThrowUnlessFits(NamedTensors weights, IEnumerable<Layer> layers)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorSpec spec in layers.SelectMany(layer => layer.Tensors))
        {
            expected.Add(spec.Name);
            if (!weights.TryGet(spec.Name, out WeightTensor? tensor))
            {
                throw new ArgumentException($"Tensor '{spec.Name}' is missing; shape [{string.Join(", ", spec.Shape)}] is needed.");
            }

            if (!tensor.Shape.SequenceEqual(spec.Shape))
            {
                throw new ArgumentException($"Tensor '{spec.Name}' has shape {tensor}, but the architecture needs [{string.Join(", ", spec.Shape)}].");
            }
        }

        foreach ((string name, _) in weights)
        {
            if (!expected.Contains(name) && !IsRedundant(name))
            {
                throw new ArgumentException($"Tensor '{Excerpt.Of(name)}' belongs to no layer of the architecture.");
            }
        }
    }
}
