using System.Numerics.Tensors;

namespace RePaViT.Objectives;

/// <summary>The logarithms of softmax(z / T), in double precision: exponentials of differences from the greatest never overflow.</summary>
internal readonly struct LogShares
{
    private readonly double _temperature;
    private readonly double _max;
    private readonly double _logSum;

    /// <param name="logits">z.</param>
    /// <param name="temperature">T.</param>
    public LogShares(ReadOnlySpan<float> logits, double temperature)
    {
        _temperature = temperature;
        _max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp((logit - _max) / temperature);
        }

        _logSum = Math.Log(sum);
    }

    /// <summary>log softmax(z / T) of one of the logits.</summary>
    public double Of(float logit) => (logit - _max) / _temperature - _logSum;
}
