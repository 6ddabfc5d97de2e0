using System.Text.Json.Serialization;
using RePaViT.Architectures;

namespace RePaViT;

/// <summary>
/// What a network is, apart from its weights: a value that can be compared, changed with <c>with</c> and stored as JSON.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "family")]
[JsonDerivedType(typeof(ViTArchitecture), "vit")]
public abstract record Architecture
{
    /// <summary>Color channels of the input: red, green, blue.</summary>
    internal const int Channels = 3;

    /// <summary>Width and height of the input image, in pixels. Default 224.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Number of classes, the length of the logits. Default 1000.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>
    /// Share of hidden channels that skip the activation (theta), in [0, 1]; null for a vanilla network, which has
    /// layer normalization in place of batch normalization and cannot be reparameterized. Default 0.75.
    /// </summary>
    public double? IdleRatio { get; init; } = 0.75;

    /// <summary>Counts parameters and multiply-adds exactly, for one image.</summary>
    /// <param name="form">The form to count.</param>
    /// <exception cref="ArgumentException">A property has a value that no network can have, or the form is not known.</exception>
    public NetworkCost Cost(NetworkForm form)
    {
        Validate();
        if (!Enum.IsDefined(form))
        {
            throw new ArgumentOutOfRangeException(nameof(form), form, "Trained or Deployed is needed.");
        }

        IReadOnlyList<Layer> layers = Layers(form);
        return new NetworkCost(
            layers.SelectMany(layer => layer.Tensors).Where(tensor => tensor.IsTrained).Sum(tensor => tensor.Length),
            layers.Sum(layer => layer.WeightMultiplyAdds),
            layers.Sum(layer => layer.AttentionMultiplyAdds));
    }

    /// <summary>Checks every property against the others.</summary>
    /// <exception cref="ArgumentException">A property has a value that no network can have; the message names it.</exception>
    public abstract void Validate();

    /// <summary>The layers in the order in which they run. Call <see cref="Validate"/> first.</summary>
    internal abstract IReadOnlyList<Layer> Layers(NetworkForm form);
}
