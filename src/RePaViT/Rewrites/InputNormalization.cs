using RePaViT.Layers;
using RePaViT.Networks;

namespace RePaViT.Rewrites;

/// <summary>Moves the normalization of the input into the weights of the layer that sees pixels, and out of them.</summary>
internal static class InputNormalization
{
    /// <summary>A network that takes samples from 0 to 255 in place of normalized ones.</summary>
    public static Network Fold(Network network, ImagePreprocessing preprocessing)
    {
        preprocessing.Validate();
        return LayerMap.Apply(network, NetworkStage.Folded, (layer, weights) =>
        {
            switch (layer)
            {
                case PatchEmbedding embedding:
                    Fold(embedding, preprocessing, network.Weights, weights);
                    return Fold(embedding);
                case ConvolutionEmbedding stem:
                    Fold(stem, preprocessing, network.Weights, weights);
                    return Fold(stem);
                case NormalizedConvolution { Embedding: ConvolutionEmbedding stem }:
                    Fold(stem, preprocessing, network.Weights, weights);
                    weights.CopyRest(layer.Tensors, network.Weights);
                    return Fold(layer);
                default:
                    return null;
            }
        });
    }

    /// <summary>What a layer is once it is folded.</summary>
    public static Layer Fold(Layer layer) => layer switch
    {
        PatchEmbedding embedding => embedding with { HasBias = true },
        ConvolutionEmbedding stem => stem with { Folded = true },
        NormalizedConvolution { Table.IsImage: true } stem => stem with { TakesSamples = true },
        _ => layer,
    };

    /// <summary>A network that takes normalized samples again.</summary>
    /// <param name="network">A network that takes samples from 0 to 255.</param>
    /// <param name="layers">The layers it is to have. Where their patch embedding has no bias, the positions take it.</param>
    /// <param name="preprocessing">How its input is to be normalized.</param>
    /// <exception cref="NotSupportedException">
    /// Filters reach over the edges of the image, where another mean color would be seen than before.
    /// </exception>
    public static Network Unfold(Network network, IReadOnlyList<Layer> layers, ImagePreprocessing preprocessing)
    {
        PatchEmbedding? target = layers.OfType<PatchEmbedding>().SingleOrDefault();
        NetworkStage stage = layers.OfType<ReparameterizedFeedForward>().Any() ? NetworkStage.Merged : NetworkStage.Trained;
        double[] bias = [];
        return LayerMap.Apply(network, stage, (layer, weights) =>
        {
            switch (layer)
            {
                case PatchEmbedding embedding:
                    bias = Unfold(embedding, preprocessing, network.Weights, weights);
                    if (target!.HasBias)
                    {
                        weights.Add(target.Projection.Bias!.Name, new WeightTensor(Array.ConvertAll(bias, value => (float)value), bias.Length));
                    }

                    return target;
                case ConvolutionEmbedding stem:
                    Unfold(stem, preprocessing, network.Weights, weights);
                    return stem with { Folded = false };
                case NormalizedConvolution { TakesSamples: true, Embedding: ConvolutionEmbedding stem } convolution:
                    NormalizedConvolution unfolded = convolution with { TakesSamples = false };
                    Unfold(stem, preprocessing, network.Weights, weights);
                    weights.CopyRest(unfolded.Tensors, network.Weights);
                    return unfolded;
                case TokenEmbedding tokens when target is { HasBias: false }:
                    weights.Copy(tokens.Tensors.Where(tensor => tensor.Name != tokens.Positions), network.Weights);
                    weights.Add(tokens.Positions, AddToPatches(network.Weights[tokens.Positions], tokens.Prefix, bias));
                    return tokens;
                default:
                    return null;
            }
        });
    }

    /// <summary>
    /// W (p / 255 - mean) / deviation + b = (W / (255 deviation)) p + b - W mean / deviation, per color channel.
    /// </summary>
    private static void Fold(PatchEmbedding layer, ImagePreprocessing preprocessing, NamedTensors source, NamedTensors folded)
    {
        (double[] means, double[] deviations) = PerChannel(preprocessing);
        WeightTensor weight = source[layer.Projection.Weight.Name];
        ReadOnlySpan<float> values = weight.Data;
        float[] foldedWeight = new float[values.Length];
        float[] bias = layer.Projection.Bias is null ? new float[layer.Dim] : source[layer.Projection.Bias.Name].ToArray();
        int length = layer.Projection.Inputs;
        int plane = layer.PatchSize * layer.PatchSize;
        for (int row = 0; row < layer.Dim; row++)
        {
            double sum = bias[row];
            for (int i = 0; i < length; i++)
            {
                int channel = i / plane;
                double value = values[row * length + i] / deviations[channel];
                foldedWeight[row * length + i] = (float)(value / 255);
                sum -= value * means[channel];
            }

            bias[row] = (float)sum;
        }

        var result = (PatchEmbedding)Fold(layer);
        folded.Add(result.Projection.Weight.Name, new WeightTensor(foldedWeight, weight.Shape));
        folded.Add(result.Projection.Bias!.Name, new WeightTensor(bias, bias.Length));
    }

    /// <summary>
    /// W p + b = (255 deviation W) x + (b + 255 W mean) for a sample p = 255 (deviation x + mean), per color channel.
    /// Returns the bias that is left, which is rounding noise where the same normalization was folded into none.
    /// </summary>
    private static double[] Unfold(PatchEmbedding layer, ImagePreprocessing preprocessing, NamedTensors source, NamedTensors unfolded)
    {
        (double[] means, double[] deviations) = PerChannel(preprocessing);
        WeightTensor weight = source[layer.Projection.Weight.Name];
        ReadOnlySpan<float> values = weight.Data;
        float[] unfoldedWeight = new float[values.Length];
        double[] bias = Array.ConvertAll(source[layer.Projection.Bias!.Name].ToArray(), value => (double)value);
        int plane = layer.PatchSize * layer.PatchSize;
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, layer.Projection.Inputs);
            double value = 255.0 * values[i];
            unfoldedWeight[i] = (float)(value * deviations[column / plane]);
            bias[row] += value * means[column / plane];
        }

        unfolded.Add(layer.Projection.Weight.Name, new WeightTensor(unfoldedWeight, weight.Shape));
        return bias;
    }

    /// <summary>W ((p / 255 - mean) / deviation) = (W / (255 deviation)) (p - 255 mean), per color channel: a zero stays a zero.</summary>
    private static void Fold(ConvolutionEmbedding layer, ImagePreprocessing preprocessing, NamedTensors source, NamedTensors folded)
    {
        (double[] means, double[] deviations) = PerChannel(preprocessing);
        float[] shift = Array.ConvertAll(means, mean => (float)(-255 * mean));
        folded.Add(layer.Shift.Name, new WeightTensor(shift, shift.Length));
        Rescale(layer, Array.ConvertAll(deviations, deviation => 1 / (255 * deviation)), source, folded);
    }

    /// <summary>W (p + shift) = (255 deviation W) x for a sample p = 255 (deviation x + mean), if the shift is -255 mean.</summary>
    private static void Unfold(ConvolutionEmbedding layer, ImagePreprocessing preprocessing, NamedTensors source, NamedTensors unfolded)
    {
        (double[] means, double[] deviations) = PerChannel(preprocessing);
        ReadOnlySpan<float> shift = source[layer.Shift.Name].Data;
        for (int channel = 0; channel < means.Length; channel++)
        {
            if (shift[channel] != (float)(-255 * means[channel]))
            {
                throw new NotSupportedException(
                    $"{nameof(ImagePreprocessing.Mean)} {preprocessing.Mean} is not accepted: filters of '{layer.Name}' reach over the "
                    + $"edges of the image, where they were trained to see a mean of {shift[channel] / -255} in channel {channel}. "
                    + "The mean of the model is needed.");
            }
        }

        Rescale(layer, Array.ConvertAll(deviations, deviation => 255 * deviation), source, unfolded);
    }

    /// <summary>Multiplies what filters read of each channel.</summary>
    private static void Rescale(ConvolutionEmbedding layer, double[] factors, NamedTensors source, NamedTensors target)
    {
        WeightTensor weight = source[layer.Filters.Weight.Name];
        float[] values = weight.ToArray();
        int plane = layer.Kernel * layer.Kernel;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(values[i] * factors[i / plane % factors.Length]);
        }

        target.Add(layer.Filters.Weight.Name, new WeightTensor(values, weight.Shape));
        target.Copy(layer.Filters.Tensors.Skip(1), source);
    }

    /// <summary>An embedding without a bias of its own: what is added to every patch can move to its position.</summary>
    private static WeightTensor AddToPatches(WeightTensor positions, int firstPatch, double[] bias)
    {
        float[] sum = positions.ToArray();
        for (int i = firstPatch * bias.Length; i < sum.Length; i++)
        {
            sum[i] = (float)(sum[i] + bias[i % bias.Length]);
        }

        return new WeightTensor(sum, positions.Shape);
    }

    private static (double[] Means, double[] Deviations) PerChannel(ImagePreprocessing preprocessing)
    {
        Rgb mean = preprocessing.Mean;
        Rgb deviation = preprocessing.StandardDeviation;
        return ([mean.Red, mean.Green, mean.Blue], [deviation.Red, deviation.Green, deviation.Blue]);
    }
}
