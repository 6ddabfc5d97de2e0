namespace RePaViT.Objectives;

/// <summary>
/// Distillation of features (Romero et al., arXiv 1412.6550, with one linear map): with logits z, the probabilities y of the
/// labels, and n values f that a linear map makes of the network's features, which should be those of a teacher t,
/// loss = (1 - w) H(y, softmax(z)) + w |f - t|^2 / n. The network gives z, then f; the target is y, then t.
/// </summary>
/// <param name="Classes">Number of logits.</param>
/// <param name="Weight">w, what the teacher counts.</param>
internal sealed record FeatureDistillation(int Classes, double Weight) : Objective
{
    private static readonly CrossEntropy OfLabels = new();

    /// <inheritdoc/>
    public override int ClassesOf(int columns) => Classes;

    /// <inheritdoc/>
    public override double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale)
    {
        double labelWeight = 1 - Weight;
        double loss = labelWeight * OfLabels.Compute(
            output[..Classes], target[..Classes], gradient[..Classes], (float)(scale * labelWeight));
        int length = output.Length - Classes;
        double squares = 0;
        for (int i = Classes; i < output.Length; i++)
        {
            double difference = (double)output[i] - target[i];
            squares += difference * difference;
            gradient[i] = (float)(scale * Weight * 2 / length * difference);
        }

        return loss + Weight * squares / length;
    }
}
