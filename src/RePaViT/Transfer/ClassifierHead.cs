using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Transfer;

/// <summary>Puts a linear classifier in the place of a network's head; all else stays what it is.</summary>
internal static class ClassifierHead
{
    private const string Weight = "head.weight";
    private const string Bias = "head.bias";

    /// <param name="model">The model, in any form.</param>
    /// <param name="classNames">The classes of the classifier.</param>
    /// <param name="classifier">Reads the network's features.</param>
    public static RePaViTModel Replace(RePaViTModel model, IReadOnlyList<string> classNames, LinearClassifier classifier)
    {
        Architecture architecture = model.Architecture with { Classes = classNames.Count };
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
                weights.Add(tensor.Name, layer.IsHead ? HeadTensor(tensor, classifier) : model.Network.Weights[tensor.Name]);
            }
        }

        return model.With(
            model.Description with { Architecture = architecture, ClassNames = [.. classNames] },
            new Network(layout, weights, model.Network.Stage));
    }

    /// <summary>Heads besides the one that reads the features, as that of an LV-ViT's tokens, say nothing.</summary>
    private static WeightTensor HeadTensor(TensorSpec tensor, LinearClassifier classifier) => new(
        tensor.Name switch
        {
            Weight => [.. classifier.Weight],
            Bias => [.. classifier.Bias],
            _ => new float[tensor.Length],
        },
        tensor.Shape);
}
