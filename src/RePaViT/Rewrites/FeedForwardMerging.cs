using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>
/// Turns trained weights into deployed weights: the same function with fewer of them (RePaViT, arXiv 2505.21847,
/// section 3.2). Everything is summed in double and rounded once, so that both forms agree to the precision of a float.
/// </summary>
internal static class FeedForwardMerging
{
    /// <summary>Merges every channel-idle feed-forward layer; all other layers stay as they are.</summary>
    /// <param name="network">A network in training form, folded or not.</param>
    public static Network Merge(Network network)
    {
        NetworkStage stage = network.Stage == NetworkStage.Trained ? NetworkStage.Merged : network.Stage;
        return LayerMap.Apply(network, stage, (layer, weights)
            => layer is ChannelIdleFeedForward feedForward ? Merge(feedForward, network.Weights, weights) : null);
    }

    /// <summary>
    /// With BN(x) = s x + t per channel, A1 = W1 diag(s1), c1 = b1 + W1 t1, A2 and c2 likewise, and k active channels:
    /// M = A2[:, k:] A1[k:, :] + I and y = A2[:, :k] GELU(A1[:k] a + c1[:k]) + M a + (c2 + A2[:, k:] c1[k:]). A scale of the
    /// branch is a factor of the rows of A2 and of c2.
    /// </summary>
    private static ReparameterizedFeedForward Merge(ChannelIdleFeedForward layer, NamedTensors trained, NamedTensors deployed)
    {
        int dim = layer.Dim;
        int active = layer.Active;
        var result = new ReparameterizedFeedForward(layer.Name, layer.Tokens, dim, active) { IsOfMap = layer.IsOfMap };

        (double[] inputScale, double[] inputShift) = Affine(layer.InputNorm, trained);
        (double[] hiddenScale, double[] hiddenShift) = Affine(layer.HiddenNorm, trained);
        double[] inputBias = FoldShift(layer.Inner, inputShift, trained);
        double[] outputBias = FoldShift(layer.Output, hiddenShift, trained);
        ReadOnlySpan<float> input = trained[layer.Inner.Weight.Name].Data;
        double[] output = Array.ConvertAll(trained[layer.Output.Weight.Name].ToArray(), value => (double)value);
        if (layer.Scale is TensorSpec scale)
        {
            ScaleRows(output, outputBias, trained[scale.Name].Data);
        }

        if (layer.BranchScale != 1)
        {
            ScaleRows(output, outputBias, [.. Enumerable.Repeat(layer.BranchScale, dim)]);
        }

        (float[] merged, float[] bias) = MergeIdle(layer, input, output, inputScale, hiddenScale, inputBias, outputBias);
        deployed.Add(result.Merged.Weight.Name, new WeightTensor(merged, result.Merged.Weight.Shape));
        deployed.Add(result.Merged.Bias!.Name, new WeightTensor(bias, dim));
        if (active == 0)
        {
            return result;
        }

        float[] activeInput = new float[active * dim];
        for (int i = 0; i < activeInput.Length; i++)
        {
            activeInput[i] = (float)(input[i] * inputScale[i % dim]);
        }

        float[] activeOutput = new float[dim * active];
        for (int i = 0; i < activeOutput.Length; i++)
        {
            (int row, int hidden) = Math.DivRem(i, active);
            activeOutput[i] = (float)(output[row * layer.Hidden + hidden] * hiddenScale[hidden]);
        }

        float[] activeBias = Array.ConvertAll(inputBias[..active], value => (float)value);
        deployed.Add(result.Inner.Weight.Name, new WeightTensor(activeInput, result.Inner.Weight.Shape));
        deployed.Add(result.Inner.Bias!.Name, new WeightTensor(activeBias, active));
        deployed.Add(result.Output.Weight.Name, new WeightTensor(activeOutput, result.Output.Weight.Shape));
        return result;
    }

    /// <summary>M [dim, dim] and its bias [dim]: all that is linear, the idle channels and the shortcut.</summary>
    private static (float[] Merged, float[] Bias) MergeIdle(
        ChannelIdleFeedForward layer, ReadOnlySpan<float> input, double[] output,
        double[] inputScale, double[] hiddenScale, double[] inputBias, double[] outputBias)
    {
        int dim = layer.Dim;
        int active = layer.Active;
        int idle = layer.Hidden - active;
        var idleOutput = new RowMatrix(dim, idle);        // A2[:, k:]
        var idleInput = new RowMatrix(dim, idle);         // A1[k:, :]', so that both run along the idle channels
        for (int channel = 0; channel < dim; channel++)
        {
            Span<double> outputRow = idleOutput.Row(channel);
            Span<double> inputRow = idleInput.Row(channel);
            for (int i = 0; i < idle; i++)
            {
                int hidden = active + i;
                outputRow[i] = output[channel * layer.Hidden + hidden] * hiddenScale[hidden];
                inputRow[i] = input[hidden * dim + channel] * inputScale[channel];
            }
        }

        double[] merged = idleOutput.TimesTransposed(idleInput);
        float[] bias = new float[dim];
        for (int channel = 0; channel < dim; channel++)
        {
            merged[channel * dim + channel] += 1;
            double sum = outputBias[channel];
            for (int i = 0; i < idle; i++)
            {
                sum += idleOutput.Row(channel)[i] * inputBias[active + i];
            }

            bias[channel] = (float)sum;
        }

        return (Array.ConvertAll(merged, value => (float)value), bias);
    }

    private static void ScaleRows(double[] weight, double[] bias, ReadOnlySpan<float> scale)
    {
        for (int i = 0; i < weight.Length; i++)
        {
            weight[i] *= scale[i / (weight.Length / bias.Length)];
        }

        for (int row = 0; row < bias.Length; row++)
        {
            bias[row] *= scale[row];
        }
    }

    /// <summary>A batch normalization with fixed statistics: BN(x) = scale * x + shift.</summary>
    public static (double[] Scale, double[] Shift) Affine(BatchNormalize norm, NamedTensors weights)
    {
        ReadOnlySpan<float> gamma = weights[norm.Gamma.Name].Data;
        ReadOnlySpan<float> beta = weights[norm.Beta.Name].Data;
        ReadOnlySpan<float> mean = weights[norm.Mean.Name].Data;
        ReadOnlySpan<float> variance = weights[norm.Variance.Name].Data;
        double[] scale = new double[norm.Columns];
        double[] shift = new double[norm.Columns];
        for (int i = 0; i < norm.Columns; i++)
        {
            scale[i] = gamma[i] / Math.Sqrt((double)variance[i] + norm.Epsilon);
            shift[i] = beta[i] - mean[i] * scale[i];
        }

        return (scale, shift);
    }

    /// <summary>The bias of a linear operator once the shift of what it reads is part of it: b + W t.</summary>
    private static double[] FoldShift(Linear linear, double[] shift, NamedTensors weights)
    {
        ReadOnlySpan<float> weight = weights[linear.Weight.Name].Data;
        ReadOnlySpan<float> bias = weights[linear.Bias!.Name].Data;
        double[] folded = new double[linear.Outputs];
        for (int row = 0; row < folded.Length; row++)
        {
            double sum = bias[row];
            for (int i = 0; i < shift.Length; i++)
            {
                sum += weight[row * shift.Length + i] * shift[i];
            }

            folded[row] = sum;
        }

        return folded;
    }
}
