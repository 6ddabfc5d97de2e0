using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Conversion;

/// <summary>The weights of a converted feed-forward layer: y = f(z Win' + bin) Wout' + z M' + b, and + x where z is not x.</summary>
internal sealed class DeployedBlock
{
    private readonly HiddenLayer _source;
    private readonly int[] _active;

    /// <summary>
    /// What is known without looking at more than each channel by itself: active ones stay as they are, and of idle ones the line
    /// that fits best takes the place: M = W2 diag(slope) W1, b = b2 + W2 (slope b1 + shift), over the idle channels.
    /// </summary>
    /// <param name="source">The layer as it was.</param>
    /// <param name="active">The hidden channels that stay active, ascending.</param>
    /// <param name="lines">The lines of all hidden channels.</param>
    public DeployedBlock(HiddenLayer source, int[] active, LineFit lines)
    {
        (_source, _active) = (source, active);
        (int dim, int hidden) = (source.Dim, source.Hidden);
        int[] idle = [.. Enumerable.Range(0, hidden).Except(active)];
        var idleOutput = new RowMatrix(dim, idle.Length);
        var idleInput = new RowMatrix(dim, idle.Length);
        Output = new double[dim * active.Length];
        Bias = new double[dim];
        for (int channel = 0; channel < dim; channel++)
        {
            double bias = source.OutputBias[channel];
            for (int i = 0; i < idle.Length; i++)
            {
                double output = source.OutputWeight[channel * hidden + idle[i]];
                idleOutput.Row(channel)[i] = output;
                idleInput.Row(channel)[i] = lines.Slope(idle[i]) * source.InnerWeight[idle[i] * dim + channel];
                bias += output * (lines.Slope(idle[i]) * source.InnerBias[idle[i]] + lines.Shift(idle[i]));
            }

            for (int i = 0; i < active.Length; i++)
            {
                Output[channel * active.Length + i] = source.OutputWeight[channel * hidden + active[i]];
            }

            Bias[channel] = bias;
        }

        Merged = idleOutput.TimesTransposed(idleInput);
        for (int channel = 0; channel < dim && source.Norm is null; channel++)
        {
            Merged[channel * dim + channel] += 1;
        }
    }

    public int Active => _active.Length;

    /// <summary>M, [dim, dim].</summary>
    public double[] Merged { get; }

    /// <summary>b, [dim].</summary>
    public double[] Bias { get; }

    /// <summary>Wout, [dim, active].</summary>
    public double[] Output { get; }

    /// <summary>Adds the tensors of the layer.</summary>
    public void AddTo(NamedTensors weights, ReparameterizedFeedForward layer)
    {
        if (layer.InputNorm is Operator norm)
        {
            weights.Copy(norm.Tensors, _source.NormWeights);
        }

        Add(layer.Merged.Weight, Array.ConvertAll(Merged, value => (float)value));
        Add(layer.Merged.Bias!, Array.ConvertAll(Bias, value => (float)value));
        if (Active > 0)
        {
            int dim = _source.Dim;
            Add(layer.Inner.Weight, [.. _active.SelectMany(channel => _source.InnerWeight.Skip(channel * dim).Take(dim))]);
            Add(layer.Inner.Bias!, [.. _active.Select(channel => _source.InnerBias[channel])]);
            Add(layer.Output.Weight, Array.ConvertAll(Output, value => (float)value));
        }

        void Add(TensorSpec tensor, float[] values) => weights.Add(tensor.Name, new WeightTensor(values, tensor.Shape));
    }
}
