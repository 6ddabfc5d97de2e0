using RePaViT.Layers;
using RePaViT.Models;
using RePaViT.Operators;

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
        return HeadReplacement.Replace(model, architecture, classNames, (layer, tensor) => HeadTensor(layer, tensor, classifier));
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
