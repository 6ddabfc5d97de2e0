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

        (TensorSpec scale, TensorSpec[] scaled) = Parts(layer);
        foreach (TensorSpec tensor in folded.Tensors)
        {
            WeightTensor value = network.Weights[tensor.Name];
            weights.Add(tensor.Name, scaled.Any(other => other.Name == tensor.Name)
                ? ScaleRows(value, network.Weights[scale.Name].Data)
                : value);
        }

        return folded;
    });

    /// <summary>What a layer is once it is folded.</summary>
    public static Layer Fold(Layer layer) => layer switch
    {
        PoolingBlock block => block with { Folded = true },
        VanillaFeedForward { ScaleStart: not null } feedForward => feedForward with { Folded = true },
        _ => layer,
    };

    /// <summary>Every scale becomes 1.</summary>
    public static Network Unfold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        Layer? unfolded = layer switch
        {
            PoolingBlock { Folded: true } block => block with { Folded = false },
            VanillaFeedForward { Folded: true } feedForward => feedForward with { Folded = false },
            _ => null,
        };
        if (unfolded is not null)
        {
            TensorSpec scale = Parts(unfolded).Scale;
            weights.Copy(layer.Tensors, network.Weights);
            weights.Add(scale.Name, new WeightTensor([.. Enumerable.Repeat(1f, (int)scale.Length)], scale.Shape));
        }

        return unfolded;
    });

    /// <summary>The scale of a layer, and what takes it up.</summary>
    private static (TensorSpec Scale, TensorSpec[] Scaled) Parts(Layer layer) => layer switch
    {
        PoolingBlock block => (block.Scale, [.. block.Norm.Tensors]),
        VanillaFeedForward { Scale: TensorSpec scale } feedForward => (scale, [.. feedForward.Output.Tensors]),
        _ => throw new NotSupportedException($"{layer.GetType().Name} has no scale that can be folded."),
    };

    private static WeightTensor ScaleRows(WeightTensor tensor, ReadOnlySpan<float> scale)
    {
        float[] values = tensor.ToArray();
        int width = values.Length / scale.Length;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= scale[i / width];
        }

        return new WeightTensor(values, tensor.Shape);
    }
}
