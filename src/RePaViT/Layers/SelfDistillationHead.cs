using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Features to the cosines with prototypes that student and teacher are compared by (DINO, arXiv 2104.14294, appendix C): three linear
/// layers with GELU between them, a row of length 1, and a layer with normalized weights and no bias. No model has it.
/// </summary>
/// <param name="Dim">Channels of the features.</param>
/// <param name="Hidden">Channels between the linear layers.</param>
/// <param name="Bottleneck">Channels that the prototypes have.</param>
/// <param name="Prototypes">How many there are.</param>
internal sealed record SelfDistillationHead(int Dim, int Hidden, int Bottleneck, int Prototypes) : Layer
{
    /// <summary>Begins the names of its tensors, which are those of the public implementation behind it.</summary>
    public const string Prefix = "dino.";

    /// <summary>The directions of the prototypes.</summary>
    public const string LastLayer = $"{Prefix}last_layer.weight_v";

    public override Shape Input => new(1, Dim);

    public override bool IsHead => true;

    public override Value Define(Graph graph, Value x)
    {
        var gelu = new Activate(ActivationKind.Gelu, Hidden);
        Value first = graph.Add(gelu, graph.Add(Linear.Named($"{Prefix}mlp.0", Dim, Hidden), x));
        Value second = graph.Add(gelu, graph.Add(Linear.Named($"{Prefix}mlp.2", Hidden, Hidden), first));
        Value unit = graph.Add(new NormalizeRows(), graph.Add(Linear.Named($"{Prefix}mlp.4", Hidden, Bottleneck), second));
        return graph.Add(new WeightNormalizedLinear(new TensorSpec(LastLayer, TensorRole.Weight, Prototypes, Bottleneck)), unit);
    }
}
