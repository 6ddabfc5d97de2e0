using System.Numerics.Tensors;

namespace RePaViT.Training;

/// <summary>Cross-entropy with soft targets: loss = -sum of t log softmax(z), averaged over the rows.</summary>
internal static class CrossEntropy
{
    /// <summary>The loss of one image, and the gradient of its logits: scale (softmax(z) - t).</summary>
    /// <param name="logits">z, [classes].</param>
    /// <param name="targets">t, [classes]; adds up to 1.</param>
    /// <param name="gradient">The result, [classes].</param>
    /// <param name="scale">The share of this image in the step.</param>
    public static double Compute(ReadOnlySpan<float> logits, ReadOnlySpan<float> targets, Span<float> gradient, float scale)
    {
        double max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        double logSum = max + Math.Log(sum);
        double loss = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            loss += targets[i] * (logSum - logits[i]);
            gradient[i] = (float)(scale * (Math.Exp(logits[i] - logSum) - targets[i]));
        }

        return loss;
    }
}
