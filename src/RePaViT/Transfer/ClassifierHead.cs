using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Transfer;

/// <summary>
/// Replaces a network's head, and the projection before it if there is one, with a linear classifier; everything else stays the same.
/// </summary>
internal static class ClassifierHead
{
    /// <param name="model">The model, in any form.</param>
    /// <param name="classNames">The classes of the classifier.</param>
    /// <param name="classifier">Reads the network's features.</param>
    public static RePaViTModel Replace(RePaViTModel model, IReadOnlyList<string> classNames, LinearClassifier classifier)
    {
        // The classifier reads features themselves, so that nothing projects them any more.
        Architecture source = model.Architecture is ViTArchitecture { ProjectionDim: not null } vit ? vit with { ProjectionDim = null } : model.Architecture;
        Architecture architecture = source with { Classes = classNames.Count };
        architecture.Validate();
        NetworkLayout layout = architecture.Layout(model.Form);
        if (model.Network.Stage == NetworkStage.Folded)
        {
            layout = Folding.Fold(layout);
        }

        var weights = new NamedTensors();
        foreach (Layer layer in layout.Layers)
        {
            foreach (TensorSpec tensor in layer.Tensors)
            {
                weights.Add(tensor.Name, layer.IsHead ? HeadTensor(layer, tensor, classifier) : model.Network.Weights[tensor.Name]);
            }
        }

        return model.With(
            model.Description with { Architecture = architecture, ClassNames = [.. classNames] },
            new Network(layout, weights, model.Network.Stage));
    }

    /// <summary>
    /// The features are what the class token's head reads, or the mean of what two heads read, whose mean is the answer. Other heads,
    /// as that of an LV-ViT's tokens, say nothing.
    /// </summary>
    private static WeightTensor HeadTensor(Layer layer, TensorSpec tensor, LinearClassifier classifier)
    {
        (string module, string part) = (tensor.Name[..tensor.Name.LastIndexOf('.')], tensor.Name[tensor.Name.LastIndexOf('.')..]);
        bool readsFeatures = layer is TokenPairHeads || module == "head";
        return new WeightTensor(
            !readsFeatures ? new float[tensor.Length] : part == ".weight" ? [.. classifier.Weight] : [.. classifier.Bias], tensor.Shape);
    }
}
