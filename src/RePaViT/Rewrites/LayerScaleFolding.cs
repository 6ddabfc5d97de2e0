using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>
/// Moves the scale of a branch into the tensors that make the branch, and out of them: scale (W v + b) = (diag(scale) W) v +
/// scale b, and pooling is linear in what a normalization gives. Merging does the same for channel-idle layers.
/// </summary>
internal static class LayerScaleFolding
{
    public static Network Fold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        Layer folded = Fold(layer);
        if (folded == layer)
        {
            return null;
        }

        (TensorSpec? scale, float factor, TensorSpec[] scaled) = Parts(layer);
        CopyScaled(folded, scaled, row => scale is null ? factor : factor * network.Weights[scale.Name].Data[row], network.Weights, weights);
        return folded;
    });

    /// <summary>What a layer is once it is folded.</summary>
    public static Layer Fold(Layer layer) => layer switch
    {
        PoolingBlock block => block with { Folded = true },
        VanillaFeedForward feedForward when feedForward.ScaleStart is not null || feedForward.BranchScale != 1 => feedForward with { Folded = true },
        _ => layer,
    };

    /// <summary>Every learned scale becomes 1.</summary>
    public static Network Unfold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        Layer? unfolded = layer switch
        {
            PoolingBlock { Folded: true } block => block with { Folded = false },
            VanillaFeedForward { Folded: true } feedForward => feedForward with { Folded = false },
            _ => null,
        };
        if (unfolded is null)
        {
            return null;
        }

        (TensorSpec? scale, float factor, TensorSpec[] scaled) = Parts(unfolded);
        CopyScaled(layer, scaled, _ => 1 / factor, network.Weights, weights);
        if (scale is not null)
        {
            weights.Add(scale.Name, new WeightTensor([.. Enumerable.Repeat(1f, (int)scale.Length)], scale.Shape));
        }

        return unfolded;
    });

    /// <summary>The learned scale of a layer, what its branch is multiplied by in addition, and what takes both up.</summary>
    private static (TensorSpec? Scale, float Factor, TensorSpec[] Scaled) Parts(Layer layer) => layer switch
    {
        PoolingBlock block => (block.Scale, 1, block.Norm.Tensors),
        VanillaFeedForward feedForward => (feedForward.Scale, feedForward.BranchScale, feedForward.Output.Tensors),
        _ => throw new NotSupportedException($"{layer.GetType().Name} has no scale that can be folded."),
    };

    /// <summary>Copies the tensors of a layer; the rows of some of them are multiplied.</summary>
    private static void CopyScaled(
        Layer layer, TensorSpec[] scaled, Func<int, float> scale, NamedTensors source, NamedTensors target)
    {
        foreach (string name in layer.Tensors.Select(tensor => tensor.Name))
        {
            WeightTensor tensor = source[name];
            target.Add(name, scaled.Any(other => other.Name == name) ? ScaleRows(tensor, scale) : tensor);
        }
    }

    private static WeightTensor ScaleRows(WeightTensor tensor, Func<int, float> scale)
    {
        float[] values = tensor.ToArray();
        int rows = tensor.Shape[0];
        int width = values.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            float factor = scale(row);
            foreach (ref float value in values.AsSpan(row * width, width))
            {
                value *= factor;
            }
        }

        return new WeightTensor(values, tensor.Shape);
    }
}
