namespace RePaViT.Objectives;

/// <summary>
/// Token labels (Jiang et al., arXiv 2104.10858, section 3.2): with logits and soft targets of an image, [1 + patches, classes],
/// loss = class weight H(row 0) + token weight (mean of H over all other rows), H being the cross-entropy of a row.
/// </summary>
/// <param name="Classes">Logits of a row.</param>
/// <param name="ClassWeight">What the row of the class token counts.</param>
/// <param name="TokenWeight">What all others count together.</param>
internal sealed record TokenLabelCrossEntropy(int Classes, double ClassWeight, double TokenWeight) : Objective
{
    private static readonly CrossEntropy OfRow = new();

    /// <inheritdoc/>
    public override double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale)
    {
        double patchWeight = TokenWeight / (output.Length / Classes - 1);
        double loss = 0;
        for (int start = 0; start < output.Length; start += Classes)
        {
            double weight = start == 0 ? ClassWeight : patchWeight;
            loss += weight * OfRow.Compute(
                output.Slice(start, Classes), target.Slice(start, Classes), gradient.Slice(start, Classes), (float)(scale * weight));
        }

        return loss;
    }
}
