using RePaViT.Architectures;

namespace RePaViT.Reparameterization;

/// <summary>
/// The inverse of <see cref="Folding"/>: a network that can be trained again, with the normalization of its input, the
/// affine part of the attention's layer normalization and the scale of the attention scores outside its weights.
/// </summary>
internal static class Unfolding
{
    /// <summary>Unfolds a network. Parts that are not folded stay as they are.</summary>
    /// <param name="network">A network in any form; if its patch embedding is folded, it takes samples from 0 to 255.</param>
    /// <param name="preprocessing">How a folded network's input is to be normalized from now on.</param>
    public static Network Unfold(Network network, ImagePreprocessing preprocessing)
    {
        var layers = new List<Layer>(network.Layers.Count);
        var weights = new NamedTensors();
        double[] embeddingBias = [];
        foreach (Layer layer in network.Layers)
        {
            switch (layer)
            {
                case PatchEmbedding { Bias: true } embedding:
                    layers.Add(embedding with { Bias = false });
                    embeddingBias = UnfoldInput(embedding, preprocessing, network.Weights, weights);
                    break;
                case TokenEmbedding tokens when embeddingBias.Length > 0:
                    layers.Add(tokens);
                    weights.Add(tokens.ClassToken, network.Weights[tokens.ClassToken]);
                    weights.Add(tokens.Positions, AddToPatches(network.Weights[tokens.Positions], embeddingBias));
                    break;
                case AttentionBlock { Folded: true } attention:
                    layers.Add(attention with { Folded = false });
                    UnfoldAttention(attention with { Folded = false }, network.Weights, weights);
                    break;
                default:
                    layers.Add(layer);
                    foreach (TensorSpec tensor in layer.Tensors)
                    {
                        weights.Add(tensor.Name, network.Weights[tensor.Name]);
                    }

                    break;
            }
        }

        return new Network(layers, weights);
    }

    /// <summary>
    /// W p + b = (255 deviation W) x + (b + 255 W mean) for a sample p = 255 (deviation x + mean), per color channel.
    /// Returns the bias that is left, which is rounding noise where the same normalization was folded in.
    /// </summary>
    private static double[] UnfoldInput(
        PatchEmbedding layer, ImagePreprocessing preprocessing, NamedTensors source, NamedTensors unfolded)
    {
        Rgb mean = preprocessing.Mean;
        Rgb deviation = preprocessing.StandardDeviation;
        ReadOnlySpan<double> means = [mean.Red, mean.Green, mean.Blue];
        ReadOnlySpan<double> deviations = [deviation.Red, deviation.Green, deviation.Blue];
        ReadOnlySpan<float> weight = source[layer.Weight].Data;
        float[] unfoldedWeight = new float[weight.Length];
        double[] bias = Array.ConvertAll(source[layer.BiasName].Data.ToArray(), value => (double)value);
        int plane = layer.PatchSize * layer.PatchSize;
        for (int i = 0; i < weight.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, layer.PatchLength);
            double value = 255.0 * weight[i];
            unfoldedWeight[i] = (float)(value * deviations[column / plane]);
            bias[row] += value * means[column / plane];
        }

        unfolded.Add(layer.Weight, new WeightTensor(unfoldedWeight, source[layer.Weight].Shape));
        return bias;
    }

    /// <summary>The embedding has no bias of its own in training; what is added to every patch can move to its position.</summary>
    private static WeightTensor AddToPatches(WeightTensor positions, double[] bias)
    {
        float[] sum = positions.Data.ToArray();
        for (int i = bias.Length; i < sum.Length; i++)
        {
            sum[i] = (float)(sum[i] + bias[i % bias.Length]);
        }

        return new WeightTensor(sum, positions.Shape);
    }

    /// <summary>
    /// The normalization gets the affine part 1 and 0. Queries, the first third of the rows, give the factor
    /// 1/sqrt(head dim) back.
    /// </summary>
    private static void UnfoldAttention(AttentionBlock layer, NamedTensors source, NamedTensors unfolded)
    {
        double queryScale = Math.Sqrt(layer.HeadDim);
        unfolded.Add(layer.Norm.Weight, new WeightTensor(Filled(layer.Dim, 1), layer.Dim));
        unfolded.Add(layer.Norm.Bias, new WeightTensor(Filled(layer.Dim, 0), layer.Dim));
        unfolded.Add(layer.Qkv.Weight, ScaleQueries(source[layer.Qkv.Weight]));
        unfolded.Add(layer.Qkv.Bias, ScaleQueries(source[layer.Qkv.Bias]));
        foreach (TensorSpec tensor in layer.Proj.Tensors)
        {
            unfolded.Add(tensor.Name, source[tensor.Name]);
        }

        WeightTensor ScaleQueries(WeightTensor tensor)
        {
            float[] values = tensor.Data.ToArray();
            for (int i = 0; i < values.Length / 3; i++)
            {
                values[i] = (float)(values[i] * queryScale);
            }

            return new WeightTensor(values, tensor.Shape);
        }

        static float[] Filled(int length, float value)
        {
            float[] values = new float[length];
            values.AsSpan().Fill(value);
            return values;
        }
    }
}
