using RePaViT.Architectures;

namespace RePaViT.Reparameterization;

/// <summary>
/// Folds what a deployed network would otherwise compute again for every image into its weights: the normalization of
/// the input, the affine part of the attention's layer normalization, and the scale of the attention scores.
/// </summary>
internal static class Folding
{
    /// <summary>Folds a network. Parts that are folded already stay as they are.</summary>
    /// <param name="network">A network in any form.</param>
    /// <param name="preprocessing">
    /// Makes the network take samples from 0 to 255, normalized as these settings say; null to leave its input alone.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The network has an input normalization already, and another one is given.
    /// </exception>
    public static Network Fold(Network network, ImagePreprocessing? preprocessing)
    {
        preprocessing?.Validate();
        var weights = new NamedTensors();
        foreach (Layer layer in network.Layers)
        {
            switch (layer)
            {
                case PatchEmbedding { Bias: true } when preprocessing is not null:
                    throw new ArgumentException(
                        "The network's input normalization is folded already; it cannot take a second one.", nameof(network));
                case PatchEmbedding { Bias: false } embedding:
                    FoldInput(embedding, preprocessing, network.Weights, weights);
                    break;
                case AttentionBlock { Folded: false } attention:
                    FoldAttention(attention, network.Weights, weights);
                    break;
                default:
                    foreach (TensorSpec tensor in layer.Tensors)
                    {
                        weights.Add(tensor.Name, network.Weights[tensor.Name]);
                    }

                    break;
            }
        }

        return new Network(FoldLayers(network.Layers), weights);
    }

    /// <summary>The layers of a network once it is folded.</summary>
    public static IReadOnlyList<Layer> FoldLayers(IReadOnlyList<Layer> layers) =>
    [
        .. layers.Select(layer => layer switch
        {
            PatchEmbedding embedding => embedding with { Bias = true },
            AttentionBlock attention => attention with { Folded = true },
            _ => layer,
        }),
    ];

    /// <summary>W (p / 255 - mean) / deviation = (W / (255 deviation)) p - W mean / deviation, per color channel.</summary>
    private static void FoldInput(
        PatchEmbedding layer, ImagePreprocessing? preprocessing, NamedTensors source, NamedTensors folded)
    {
        ReadOnlySpan<float> weight = source[layer.Weight].Data;
        float[] foldedWeight = weight.ToArray();
        float[] bias = new float[layer.Dim];
        if (preprocessing is not null)
        {
            Rgb mean = preprocessing.Mean;
            Rgb deviation = preprocessing.StandardDeviation;
            ReadOnlySpan<double> means = [mean.Red, mean.Green, mean.Blue];
            ReadOnlySpan<double> deviations = [deviation.Red, deviation.Green, deviation.Blue];
            int plane = layer.PatchSize * layer.PatchSize;
            for (int row = 0; row < layer.Dim; row++)
            {
                double sum = 0;
                for (int i = 0; i < layer.PatchLength; i++)
                {
                    int channel = i / plane;
                    double value = weight[row * layer.PatchLength + i] / deviations[channel];
                    foldedWeight[row * layer.PatchLength + i] = (float)(value / 255);
                    sum -= value * means[channel];
                }

                bias[row] = (float)sum;
            }
        }

        folded.Add(layer.Weight, new WeightTensor(foldedWeight, source[layer.Weight].Shape));
        folded.Add(layer.BiasName, new WeightTensor(bias, layer.Dim));
    }

    /// <summary>
    /// W (gamma z + beta) + b = (W diag(gamma)) z + (b + W beta) for a normalized row z. Queries, the first third of the
    /// rows, are also multiplied by 1/sqrt(head dim).
    /// </summary>
    private static void FoldAttention(AttentionBlock layer, NamedTensors source, NamedTensors folded)
    {
        int dim = layer.Dim;
        double queryScale = 1 / Math.Sqrt(layer.HeadDim);
        ReadOnlySpan<float> gamma = source[layer.Norm.Weight].Data;
        ReadOnlySpan<float> beta = source[layer.Norm.Bias].Data;
        ReadOnlySpan<float> weight = source[layer.Qkv.Weight].Data;
        ReadOnlySpan<float> bias = source[layer.Qkv.Bias].Data;
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

        folded.Add(layer.Qkv.Weight, new WeightTensor(foldedWeight, weight.Length / dim, dim));
        folded.Add(layer.Qkv.Bias, new WeightTensor(foldedBias, bias.Length));
        foreach (TensorSpec tensor in layer.Proj.Tensors)
        {
            folded.Add(tensor.Name, source[tensor.Name]);
        }
    }
}
