using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>What the steps of a plan are made from.</summary>
/// <param name="Weights">The tensors of the folded network.</param>
/// <param name="Team">The threads that will run the plan; they share the making of it.</param>
/// <param name="Quantized">Whether products of the blocks are rounded to 8 bits.</param>
internal sealed record StepSource(NamedTensors Weights, ThreadTeam Team, bool Quantized)
{
    /// <summary>The product of a layer inside a block.</summary>
    public LinearProduct Product(Projection layer) => Rounded(Packed(layer));

    /// <summary>A layer that is not rounded yet.</summary>
    public PackedLinear Packed(Projection layer) => PackedLinear.Of(layer, Weights, Team);

    public LinearProduct Rounded(PackedLinear layer) => Rounds(layer.Inputs) ? layer.Quantize(Team) : layer;

    /// <summary>Whether products over so many inputs are rounded.</summary>
    public bool Rounds(int inputs) => Quantized && inputs <= QuantizedMatrix.MaxDepth;

    public PinnedBuffer Vector(string name) => PinnedBuffer.Of(Weights[name].Data);
}
