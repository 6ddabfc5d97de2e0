using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Models;

/// <summary>Gives a model another head. Everything before it stays as it is, in whatever form it has.</summary>
internal static class HeadReplacement
{
    /// <param name="model">The model, in any form.</param>
    /// <param name="architecture">The model's, with the new number of classes; a projection before the head may be left out.</param>
    /// <param name="classNames">The classes of the new head.</param>
    /// <param name="head">Gives each tensor of the layers that are heads.</param>
    public static RePaViTModel Replace(
        RePaViTModel model, Architecture architecture, IReadOnlyList<string> classNames, Func<Layer, TensorSpec, WeightTensor> head)
    {
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
                weights.Add(tensor.Name, layer.IsHead ? head(layer, tensor) : model.Network.Weights[tensor.Name]);
            }
        }

        return model.With(
            model.Description with { Architecture = architecture, ClassNames = [.. classNames] },
            new Network(layout, weights, model.Network.Stage));
    }
}
