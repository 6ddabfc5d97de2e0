namespace RePaViT.Architectures;

/// <summary>Layers and the tensors they name: what every engine is built from and every transformation maps.</summary>
internal sealed record Network
{
    /// <exception cref="ArgumentException">A tensor is missing, unknown or of the wrong shape.</exception>
    public Network(IReadOnlyList<Layer> layers, NamedTensors weights)
    {
        weights.ThrowUnlessFits(layers);
        Layers = layers;
        Weights = weights;
    }

    public IReadOnlyList<Layer> Layers { get; }

    public NamedTensors Weights { get; }

    /// <summary>The network of an architecture in a form, with weights that come from outside.</summary>
    /// <exception cref="ArgumentException">
    /// The architecture is not valid, the weights are not its weights, or a value is not a finite number.
    /// </exception>
    public static Network Create(Architecture architecture, NetworkForm form, NamedTensors weights)
    {
        architecture.Validate();
        IReadOnlyList<Layer> layers = architecture.Layers(form);
        weights.ThrowUnlessUsable(layers);
        return new Network(layers, weights);
    }
}
