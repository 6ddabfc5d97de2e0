using System.Numerics.Tensors;
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
    /// <summary>Merges every feed-forward layer in training form; all other layers stay as they are.</summary>
    /// <param name="network">A network in training form, folded or not.</param>
    public static Network Merge(Network network)
    {
        NetworkStage stage = network.Stage == NetworkStage.Trained ? NetworkStage.Merged : network.Stage;
        return LayerMap.Apply(network, stage, (layer, weights)
            => layer is TrainedFeedForward feedForward ? Merge(feedForward, network.Weights, weights) : null);
    }

    /// <summary>
    /// With BN(x) = s x + t per channel, A1 = W1 diag(s1), c1 = b1 + W1 t1, A2 and c2 likewise, and k active channels:
    /// M = A2[:, k:] A1[k:, :] + I and y = A2[:, :k] GELU(A1[:k] a + c1[:k]) + M a + (c2 + A2[:, k:] c1[k:]). A scale of the
    /// branch is a factor of the rows of A2 and of c2. A normalization that stays, and one that is not there, is s = 1 and
    /// t = 0; the shortcut stays beside the one that stays, and M is without I.
    /// </summary>
    private static ReparameterizedFeedForward Merge(TrainedFeedForward layer, NamedTensors trained, NamedTensors deployed)
    {
        int dim = layer.Dim;
        int active = layer.Active;
        int width = layer.Inner.Outputs;
        ReparameterizedFeedForward result = layer.Deployed;

        (double[] inputScale, double[] inputShift) = Affine(layer.InputNorm as BatchNormalize, dim, trained);
        (double[] hiddenScale, double[] hiddenShift) = Affine(layer.HiddenNorm, width, trained);
        double[] inputBias = FoldShift(layer.Inner, inputShift, trained);
        double[] outputBias = FoldShift(layer.Output, hiddenShift, trained);
        double[] input = Values(layer.Inner.Weight, trained);
        double[] output = Values(layer.Output.Weight, trained);
        double[] merged = new double[dim * dim];
        if (layer is CompactFeedForward compact)
        {
            merged = Values(compact.Merged.Weight, trained);
            TensorPrimitives.Add(outputBias, FoldShift(compact.Merged, inputShift, trained), outputBias);
        }

        double[] scale = layer.Scale is TensorSpec tensor ? Values(tensor, trained) : Ones(dim);
        TensorPrimitives.Multiply(scale, layer.BranchScale, scale);
        ScaleRows(output, scale);
        ScaleRows(outputBias, scale);
        ScaleRows(merged, scale);
        ScaleColumns(input, inputScale);
        ScaleColumns(output, hiddenScale);
        ScaleColumns(merged, inputScale);
        MergeIdle(layer, input, inputBias, output, merged, outputBias);
        if (result.InputNorm is Operator norm)
        {
            deployed.Copy(norm.Tensors, trained);
        }
        else
        {
            AddShortcut(merged, dim);
        }

        Add(result.Merged.Weight, merged, deployed);
        Add(result.Merged.Bias!, outputBias, deployed);
        if (active > 0)
        {
            double[] activeOutput = new double[dim * active];
            for (int row = 0; row < dim; row++)
            {
                output.AsSpan(row * width, active).CopyTo(activeOutput.AsSpan(row * active));
            }

            Add(result.Inner.Weight, input[..(active * dim)], deployed);
            Add(result.Inner.Bias!, inputBias[..active], deployed);
            Add(result.Output.Weight, activeOutput, deployed);
        }

        return result;
    }

    /// <summary>Adds all that is linear in the hidden channels, the idle ones, to M [dim, dim] and its bias [dim].</summary>
    private static void MergeIdle(
        TrainedFeedForward layer, double[] input, double[] inputBias, double[] output, double[] merged, double[] bias)
    {
        int dim = layer.Dim;
        int active = layer.Active;
        int width = inputBias.Length;
        int idle = width - active;
        var idleOutput = new RowMatrix(dim, idle);        // A2[:, k:]
        var idleInput = new RowMatrix(dim, idle);         // A1[k:, :]', so that both run along the idle channels
        for (int channel = 0; channel < dim; channel++)
        {
            output.AsSpan(channel * width + active, idle).CopyTo(idleOutput.Row(channel));
            Span<double> inputRow = idleInput.Row(channel);
            for (int i = 0; i < idle; i++)
            {
                inputRow[i] = input[(active + i) * dim + channel];
            }
        }

        TensorPrimitives.Add(merged, idleOutput.TimesTransposed(idleInput), merged);
        for (int channel = 0; channel < dim; channel++)
        {
            for (int i = 0; i < idle; i++)
            {
                bias[channel] += idleOutput.Row(channel)[i] * inputBias[active + i];
            }
        }
    }

    private static void AddShortcut(double[] merged, int dim)
    {
        for (int channel = 0; channel < dim; channel++)
        {
            merged[channel * dim + channel] += 1;
        }
    }

    private static void ScaleRows(double[] matrix, double[] scale)
    {
        int columns = matrix.Length / scale.Length;
        for (int row = 0; row < scale.Length; row++)
        {
            Span<double> values = matrix.AsSpan(row * columns, columns);
            TensorPrimitives.Multiply(values, scale[row], values);
        }
    }

    private static void ScaleColumns(double[] matrix, double[] scale)
    {
        for (int start = 0; start < matrix.Length; start += scale.Length)
        {
            Span<double> values = matrix.AsSpan(start, scale.Length);
            TensorPrimitives.Multiply(values, scale, values);
        }
    }

    /// <summary>A batch normalization with fixed statistics, or what changes nothing where there is none.</summary>
    private static (double[] Scale, double[] Shift) Affine(BatchNormalize? norm, int columns, NamedTensors weights)
        => norm is null ? (Ones(columns), new double[columns]) : FixedBatchNorm.Affine(norm, weights);

    private static double[] Ones(int count) => [.. Enumerable.Repeat(1.0, count)];

    /// <summary>The bias of a linear operator once the shift of what it reads is part of it: b + W t.</summary>
    private static double[] FoldShift(Linear linear, double[] shift, NamedTensors weights)
    {
        double[] weight = Values(linear.Weight, weights);
        double[] folded = linear.Bias is null ? new double[linear.Outputs] : Values(linear.Bias, weights);
        for (int row = 0; row < folded.Length; row++)
        {
            double sum = folded[row];
            for (int i = 0; i < shift.Length; i++)
            {
                sum += weight[row * shift.Length + i] * shift[i];
            }

            folded[row] = sum;
        }

        return folded;
    }

    /// <summary>A tensor in double precision. One without values, of a layer without active channels, is not stored.</summary>
    private static double[] Values(TensorSpec tensor, NamedTensors weights)
        => tensor.Length == 0 ? [] : Array.ConvertAll(weights[tensor.Name].ToArray(), value => (double)value);

    private static void Add(TensorSpec tensor, double[] values, NamedTensors weights)
        => weights.Add(tensor.Name, new WeightTensor(Array.ConvertAll(values, value => (float)value), tensor.Shape));
}
