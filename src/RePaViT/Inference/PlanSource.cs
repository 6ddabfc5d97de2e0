using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Inference;

/// <summary>What the steps of a plan are made from.</summary>
/// <param name="Weights">The tensors of the network.</param>
/// <param name="Team">The threads that will run the plan; they share the making of it.</param>
/// <param name="Quantized">Whether products are rounded to 8 bits, all but the first and the last.</param>
internal sealed record PlanSource(NamedTensors Weights, ThreadTeam Team, bool Quantized)
{
    /// <summary>A product that is not rounded yet.</summary>
    public PackedLinear Packed(Linear linear) => PackedLinear.Of(linear, Weights, Team);

    public LinearProduct Rounded(PackedLinear linear) => Rounds(linear.Inputs) ? linear.Quantize(Team) : linear;

    /// <summary>Whether products over so many inputs are rounded.</summary>
    public bool Rounds(int inputs) => Quantized && inputs <= QuantizedMatrix.MaxDepth;

    public PinnedBuffer Vector(TensorSpec tensor) => PinnedBuffer.Of(Weights[tensor.Name].Data);
}
