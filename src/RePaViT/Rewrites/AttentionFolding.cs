using RePaViT.Layers;
using RePaViT.Networks;

namespace RePaViT.Rewrites;

/// <summary>
/// Moves the affine part of an attention's layer normalization and the scale of its scores into the qkv weights, the scale of
/// its branch into the projection, and out of them.
/// </summary>
internal static class AttentionFolding
{
    public static Network Fold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        if (layer is not AttentionBlock { Folded: false } attention)
        {
            return null;
        }

        Layer folded = Fold(attention);
        Fold(attention, network.Weights, weights);
        ScaleBranch(attention, attention.BranchScale, network.Weights, weights);
        weights.CopyRest(folded.Tensors, network.Weights);
        return folded;
    });

    /// <summary>What a layer is once it is folded.</summary>
    public static Layer Fold(Layer layer) => layer is AttentionBlock attention ? attention with { Folded = true } : layer;

    /// <summary>The normalization gets the affine part 1 and 0.</summary>
    public static Network Unfold(Network network) => LayerMap.Apply(network, network.Stage, (layer, weights) =>
    {
        if (layer is not AttentionBlock { Folded: true } folded)
        {
            return null;
        }

        AttentionBlock attention = folded with { Folded = false };
        if (attention.CanFoldNorm)
        {
            weights.Add(attention.Norm.Gamma!.Name, new WeightTensor([.. Enumerable.Repeat(1f, attention.Dim)], attention.Dim));
            weights.Add(attention.Norm.Beta!.Name, new WeightTensor(new float[attention.Dim], attention.Dim));
        }

        Unfold(attention, network.Weights, weights);
        ScaleBranch(attention, 1.0 / attention.BranchScale, network.Weights, weights);
        weights.CopyRest(attention.Tensors, network.Weights);
        return attention;
    });

    /// <summary>
    /// W (gamma z + beta) + b = (W diag(gamma)) z + (b + W beta) for a normalized row z. Queries, the first third of the
    /// rows, are also multiplied by 1/sqrt(head dim).
    /// </summary>
    private static void Fold(AttentionBlock layer, NamedTensors source, NamedTensors folded)
    {
        int dim = layer.Dim;
        double queryScale = 1 / Math.Sqrt(layer.HeadDim);
        ReadOnlySpan<float> gamma = layer.CanFoldNorm ? source[layer.Norm.Gamma!.Name].Data : [.. Enumerable.Repeat(1f, dim)];
        ReadOnlySpan<float> beta = layer.CanFoldNorm ? source[layer.Norm.Beta!.Name].Data : new float[dim];
        ReadOnlySpan<float> weight = source[layer.Qkv.Weight.Name].Data;
        ReadOnlySpan<float> bias = layer.Qkv.Bias is null ? new float[3 * dim] : source[layer.Qkv.Bias.Name].Data;
        float[] foldedWeight = new float[weight.Length];
        float[] foldedBias = new float[bias.Length];
        for (int row = 0; row < bias.Length; row++)
        {
            double scale = row < dim ? queryScale : 1;
            double sum = bias[row];
            for (int i = 0; i < dim; i++)
            {
                double value = weight[row * dim + i];
                foldedWeight[row * dim + i] = (float)(value * gamma[i] * scale);
                sum += value * beta[i];
            }

            foldedBias[row] = (float)(sum * scale);
        }

        folded.Add(layer.Qkv.Weight.Name, new WeightTensor(foldedWeight, bias.Length, dim));
        if (layer.Qkv.Bias is not null)
        {
            folded.Add(layer.Qkv.Bias.Name, new WeightTensor(foldedBias, bias.Length));
        }
    }

    /// <summary>scale (W v + b) = (scale W) v + scale b.</summary>
    private static void ScaleBranch(AttentionBlock layer, double scale, NamedTensors source, NamedTensors target)
    {
        if (layer.BranchScale == 1)
        {
            return;
        }

        foreach (string name in layer.Proj.Tensors.Select(tensor => tensor.Name))
        {
            WeightTensor tensor = source[name];
            target.Add(name, new WeightTensor(Array.ConvertAll(tensor.ToArray(), value => (float)(value * scale)), tensor.Shape));
        }
    }

    /// <summary>Queries, the first third of the rows, give the factor 1/sqrt(head dim) back.</summary>
    private static void Unfold(AttentionBlock layer, NamedTensors source, NamedTensors unfolded)
    {
        double queryScale = Math.Sqrt(layer.HeadDim);
        foreach (string name in layer.Qkv.Tensors.Select(tensor => tensor.Name))
        {
            WeightTensor tensor = source[name];
            float[] values = tensor.ToArray();
            for (int i = 0; i < values.Length / 3; i++)
            {
                values[i] = (float)(values[i] * queryScale);
            }

            unfolded.Add(name, new WeightTensor(values, tensor.Shape));
        }
    }
}
