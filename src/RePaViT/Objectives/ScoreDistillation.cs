namespace RePaViT.Objectives;

/// <summary>
/// Distillation of scores (Hinton et al., arXiv 1503.02531): with logits z, the probabilities y of the labels and those of a
/// teacher q at temperature T, loss = (1 - w) H(y, softmax(z)) + w T^2 KL(q || softmax(z / T)). The target is y, then q.
/// </summary>
/// <param name="Classes">Number of logits.</param>
/// <param name="Weight">w, what the teacher counts.</param>
/// <param name="Temperature">T, which q is softened by too.</param>
internal sealed record ScoreDistillation(int Classes, double Weight, double Temperature) : Objective
{
    private static readonly CrossEntropy OfLabels = new();

    /// <inheritdoc/>
    public override int TargetLength(int outputLength) => 2 * outputLength;

    /// <inheritdoc/>
    public override double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale)
    {
        double labelWeight = 1 - Weight;
        double loss = labelWeight * OfLabels.Compute(output, target[..Classes], gradient, (float)(scale * labelWeight));
        ReadOnlySpan<float> teacher = target[Classes..];
        var logShares = new LogShares(output, Temperature);
        double divergence = 0;
        for (int i = 0; i < output.Length; i++)
        {
            double logShare = logShares.Of(output[i]);
            divergence += teacher[i] == 0 ? 0 : teacher[i] * (Math.Log(teacher[i]) - logShare);
            gradient[i] += (float)(scale * Weight * Temperature * (Math.Exp(logShare) - teacher[i]));
        }

        return loss + Weight * Temperature * Temperature * divergence;
    }
}
