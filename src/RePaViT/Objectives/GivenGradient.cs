using System.Numerics.Tensors;

namespace RePaViT.Objectives;

/// <summary>
/// The gradient of what the network gives is known already and is the target: loss = sum of output times target. Its value means nothing,
/// but its gradient passes through the network as that of the loss it was computed from.
/// </summary>
internal sealed record GivenGradient : Objective
{
    /// <inheritdoc/>
    public override double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale)
    {
        TensorPrimitives.Multiply(target, scale, gradient);
        return TensorPrimitives.Dot(output, target);
    }
}
