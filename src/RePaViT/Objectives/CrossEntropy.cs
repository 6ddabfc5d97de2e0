using System.Numerics.Tensors;

namespace RePaViT.Objectives;

/// <summary>
/// Cross-entropy of logits z with soft targets t, which add up to 1: loss = -sum of t log softmax(z), and its gradient
/// softmax(z) - t.
/// </summary>
internal sealed record CrossEntropy : Objective
{
    /// <inheritdoc/>
    public override double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale)
    {
        double max = TensorPrimitives.Max(output);
        double sum = 0;
        foreach (float logit in output)
        {
            sum += Math.Exp(logit - max);
        }

        double logSum = max + Math.Log(sum);
        double loss = 0;
        for (int i = 0; i < output.Length; i++)
        {
            loss += target[i] * (logSum - output[i]);
            gradient[i] = (float)(scale * (Math.Exp(output[i] - logSum) - target[i]));
        }

        return loss;
    }
}
