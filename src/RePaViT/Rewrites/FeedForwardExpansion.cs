using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Randomness;

namespace RePaViT.Rewrites;

/// <summary>
/// The inverse of <see cref="FeedForwardMerging"/>: deployed weights in, trained weights out that compute the same function
/// and can be trained on. What merging lost is chosen again: the statistics of batch normalizations are measured, and the
/// idle channels are some channels with the same product.
/// </summary>
internal static class FeedForwardExpansion
{
    // Half a unit in the last place of a float. Merged weights carry one such rounding each, or those of whole sums
    // where another implementation merged them in float.
    private const double Rounding = 1.0 / (1 << 24);
    private const double RankTolerance = 64 * Rounding;

    /// <summary>Expands every reparameterized feed-forward layer; all other layers stay as they are.</summary>
    /// <param name="deployed">The network, merged and not folded.</param>
    /// <param name="layers">The layers of the same architecture in training form.</param>
    /// <param name="inputs">
    /// Rows that enter each feed-forward layer of the deployed network, [rows, dim]; read one layer at a time, for those
    /// with batch normalization.
    /// </param>
    /// <param name="seed">Names the random choice of idle channels.</param>
    /// <exception cref="NotSupportedException">The weights of a layer are not merged from as few idle channels as it has.</exception>
    public static Network Expand(Network deployed, IReadOnlyList<Layer> layers, IEnumerable<float[]> inputs, ulong seed)
    {
        using IEnumerator<float[]> samples = inputs.GetEnumerator();
        int position = 0;
        int block = 0;
        return LayerMap.Apply(deployed, NetworkStage.Trained, (layer, weights) =>
        {
            Layer target = layers[position++];
            if (layer is not ReparameterizedFeedForward merged || target is not TrainedFeedForward feedForward)
            {
                return null;
            }

            bool isMeasured = feedForward.Norm == FeedForwardNorm.BatchNorm;
            if (isMeasured && !samples.MoveNext())
            {
                throw new ArgumentException($"There are no rows for layer '{merged.Name}'.", nameof(inputs));
            }

            var random = new RandomStream(seed, RandomPurpose.Expansion, block++);
            Expand(merged, feedForward, deployed.Weights, isMeasured ? samples.Current : [], random, weights);
            return feedForward;
        });
    }

    /// <summary>
    /// With BN1(a) = (a - m1) / s1 and BN2(v) = (v - m2) / s2 as measured: W1[:k] = Win diag(s1), b1[:k] = bin + Win m1;
    /// W2 = A diag(s2), b2 = b + (M - I) m1 + A m2, where A = [Wout | idle outputs] is what reads v; both divided by what the
    /// branch is multiplied by. Without them, m = 0 and s = 1; and where the shortcut stands beside a normalization, M is in
    /// the place of M - I.
    /// </summary>
    private static void Expand(
        ReparameterizedFeedForward source, TrainedFeedForward layer, NamedTensors deployed, float[] rows,
        RandomStream random, NamedTensors trained)
    {
        int width = layer.Inner.Outputs;
        var inputNorm = new ChannelStatistics(layer.Dim, layer.InputNorm as BatchNormalize, rows);
        var input = new RowMatrix(width, layer.Dim);
        var output = new RowMatrix(layer.Dim, width);
        double[] inputBias = new double[width];
        double[] outputBias = ToDouble(deployed[source.Merged.Bias!.Name].Data);
        if (layer.Active > 0)
        {
            ExpandActive(source, deployed, inputNorm, input, inputBias, output);
        }

        RowMatrix excess = Excess(source, deployed, inputNorm, outputBias, out double magnitude);
        if (layer is ChannelIdleFeedForward)
        {
            ExpandIdle(source, excess, magnitude, random, input, output);
        }

        var hiddenNorm = new ChannelStatistics(
            width, layer.HiddenNorm, layer.HiddenNorm is null ? [] : Hidden(inputNorm.Normalize(rows), input, inputBias, layer));
        double[] hiddenMean = ToDouble(hiddenNorm.Mean);
        for (int row = 0; row < layer.Dim; row++)
        {
            Span<double> reader = output.Row(row);
            outputBias[row] += TensorPrimitives.Dot<double>(reader, hiddenMean);
            TensorPrimitives.Multiply(reader, hiddenNorm.Deviation, reader);
            TensorPrimitives.Divide(reader, (double)layer.BranchScale, reader);
            TensorPrimitives.Divide(excess.Row(row), (double)layer.BranchScale, excess.Row(row));
            outputBias[row] /= layer.BranchScale;
        }

        inputNorm.AddTo(trained);
        if (source.InputNorm is Operator norm)
        {
            trained.Copy(norm.Tensors, deployed);
        }

        if (layer is CompactFeedForward compact)
        {
            Add(trained, compact.Merged, excess, outputBias);
        }

        if (width > 0)
        {
            Add(trained, layer.Inner, input, inputBias);
            hiddenNorm.AddTo(trained);
            Add(trained, layer.Output, output, outputBias);
        }

        if (layer.Scale is TensorSpec scale)
        {
            // What it was is lost in W2 and b2.
            trained.Add(scale.Name, new WeightTensor([.. Enumerable.Repeat(1f, layer.Dim)], layer.Dim));
        }
    }

    private static void ExpandActive(
        ReparameterizedFeedForward source, NamedTensors deployed, ChannelStatistics inputNorm,
        RowMatrix input, double[] inputBias, RowMatrix output)
    {
        int dim = source.Dim;
        double[] mean = ToDouble(inputNorm.Mean);
        double[] weight = ToDouble(deployed[source.Inner.Weight.Name].Data);
        double[] bias = ToDouble(deployed[source.Inner.Bias!.Name].Data);
        double[] reader = ToDouble(deployed[source.Output.Weight.Name].Data);
        for (int channel = 0; channel < source.Active; channel++)
        {
            ReadOnlySpan<double> row = weight.AsSpan(channel * dim, dim);
            inputBias[channel] = bias[channel] + TensorPrimitives.Dot(row, mean);
            TensorPrimitives.Multiply(row, inputNorm.Deviation, input.Row(channel));
        }

        for (int row = 0; row < dim; row++)
        {
            reader.AsSpan(row * source.Active, source.Active).CopyTo(output.Row(row));
        }
    }

    /// <summary>(M - I) diag(s1), and (M - I) m1 into the bias: what is linear beside the shortcut.</summary>
    /// <param name="source">The layer.</param>
    /// <param name="deployed">Its tensors.</param>
    /// <param name="inputNorm">m1 and s1.</param>
    /// <param name="outputBias">The bias.</param>
    /// <param name="magnitude">Frobenius norm of M diag(s1).</param>
    private static RowMatrix Excess(
        ReparameterizedFeedForward source, NamedTensors deployed, ChannelStatistics inputNorm, double[] outputBias, out double magnitude)
    {
        int dim = source.Dim;
        double shortcut = source.InputNorm is null ? 1 : 0;
        ReadOnlySpan<float> merged = deployed[source.Merged.Weight.Name].Data;
        var excess = new RowMatrix(dim, dim);
        double squares = 0;
        for (int row = 0; row < dim; row++)
        {
            Span<double> values = excess.Row(row);
            for (int i = 0; i < dim; i++)
            {
                double value = merged[row * dim + i] - (row == i ? shortcut : 0);
                outputBias[row] += value * inputNorm.Mean[i];
                values[i] = value * inputNorm.Deviation[i];
                double size = merged[row * dim + i] * inputNorm.Deviation[i];
                squares += size * size;
            }
        }

        magnitude = Math.Sqrt(squares);
        return excess;
    }

    /// <summary>
    /// (M - I) diag(s1) = A B with orthonormal rows B: channels that see normalized tokens through B and are read by A.
    /// Channels that are not needed for it read at random and are read by nothing yet, so that training can use them.
    /// </summary>
    private static void ExpandIdle(
        ReparameterizedFeedForward source, RowMatrix excess, double magnitude, RandomStream random, RowMatrix input, RowMatrix output)
    {
        int dim = source.Dim;
        int idle = input.Rows - source.Active;
        RowMatrix basis = Basis(source, excess, idle, magnitude, random);
        double[] readers = excess.TimesTransposed(basis);
        for (int channel = 0; channel < idle; channel++)
        {
            Span<double> row = input.Row(source.Active + channel);
            if (channel < basis.Rows)
            {
                basis.Row(channel).CopyTo(row);
                for (int i = 0; i < dim; i++)
                {
                    output.Row(i)[source.Active + channel] = readers[i * basis.Rows + channel];
                }

                continue;
            }

            foreach (ref double value in row)
            {
                value = WeightInitializer.Deviation * random.NextNormal();
            }
        }
    }

    private static RowMatrix Basis(
        ReparameterizedFeedForward source, RowMatrix excess, int idle, double magnitude, RandomStream random)
    {
        if (idle >= source.Dim)
        {
            return RowSpace.Full(source.Dim, random);
        }

        RowMatrix basis = RowSpace.Leading(excess, idle, Rounding * magnitude, out double rest);
        return rest <= RankTolerance * magnitude
            ? basis
            : throw new NotSupportedException(
                $"'{source.Merged.Weight.Name}' cannot be expanded: {idle} idle channels would leave {rest / magnitude:g2} of it "
                + "unexplained. Weights that were merged from that many channels are needed.");
    }

    /// <summary>What enters BN2, [rows, hidden]: the activation of the active channels, the idle ones as they are.</summary>
    private static float[] Hidden(RowMatrix normalized, RowMatrix input, double[] inputBias, TrainedFeedForward layer)
    {
        double[] hidden = normalized.TimesTransposed(input);
        float[] activated = new float[hidden.Length];
        for (int row = 0; row < normalized.Rows; row++)
        {
            Span<double> sums = hidden.AsSpan(row * input.Rows, input.Rows);
            Span<float> values = activated.AsSpan(row * input.Rows, input.Rows);
            TensorPrimitives.Add(sums, inputBias, sums);
            TensorPrimitives.ConvertChecked<double, float>(sums, values);
            Activate(layer.Activation, values[..layer.Active]);
        }

        return activated;
    }

    private static void Activate(ActivationKind kind, Span<float> values)
    {
        switch (kind)
        {
            case ActivationKind.Gelu:
                Gelu.Forward(values, values);
                break;
            case ActivationKind.QuickGelu:
                QuickGelu.Forward(values, values);
                break;
            default:
                throw new NotSupportedException($"Feed-forward layers with {kind} are not expanded.");
        }
    }

    private static void Add(NamedTensors trained, Linear layer, RowMatrix weight, double[] bias)
    {
        float[] values = new float[layer.Outputs * layer.Inputs];
        for (int row = 0; row < layer.Outputs; row++)
        {
            TensorPrimitives.ConvertChecked<double, float>(weight.Row(row), values.AsSpan(row * layer.Inputs, layer.Inputs));
        }

        trained.Add(layer.Weight.Name, new WeightTensor(values, layer.Weight.Shape));
        if (layer.Bias is not null)
        {
            trained.Add(layer.Bias.Name, new WeightTensor(Array.ConvertAll(bias, value => (float)value), layer.Outputs));
        }
    }

    private static double[] ToDouble(ReadOnlySpan<float> values)
    {
        double[] converted = new double[values.Length];
        TensorPrimitives.ConvertChecked<float, double>(values, converted);
        return converted;
    }
}
