using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>A product in 32-bit floats.</summary>
internal sealed class PackedLinear : LinearProduct
{
    private readonly PackedMatrix _weight;

    private PackedLinear(PackedMatrix weight, PinnedBuffer bias)
        : base(bias) => _weight = weight;

    public int Inputs => _weight.Depth;

    public static PackedLinear Of(Projection layer, NamedTensors weights, ThreadTeam team)
        => Of(weights[layer.Weight], layer.Outputs, layer.HasBias ? weights[layer.Bias].Data : default, team);

    /// <summary>Packs a weight [outputs, inputs], or shares it if it is packed already.</summary>
    public static PackedLinear Of(WeightTensor weight, int outputs, ReadOnlySpan<float> bias, ThreadTeam team)
        => new(weight.Packed ?? PackedMatrix.OfLinearWeight(team, weight.Data, outputs), PinnedBuffer.Of(bias));

    /// <summary>Two layers with a bias and of the same input as one: the outputs of the first, then those of the second.</summary>
    public static PackedLinear SideBySide(PackedLinear first, PackedLinear second)
        => new(PackedMatrix.SideBySide(first._weight, second._weight), PinnedBuffer.Of([.. first.Bias.Span, .. second.Bias.Span]));

    /// <summary>The layer that computes some of the outputs, each with a bias.</summary>
    public PackedLinear TakeOutputs(int start, int count)
        => new(_weight.TakeColumns(start, count), PinnedBuffer.Of(Bias.Span.Slice(start, count)));

    /// <summary>The same layer with factors rounded to 8 bits.</summary>
    /// <param name="team">Threads to share the work.</param>
    /// <param name="withoutShortcut">Whether to leave out the identity: of y = x + x (W - 1)' + b the first x is not rounded.</param>
    public QuantizedLinear Quantize(ThreadTeam team, bool withoutShortcut = false)
        => new(new QuantizedMatrix(team, _weight, withoutShortcut), Bias);

    /// <inheritdoc/>
    public override void Run(InferenceContext context, Matrix x, Matrix y, int geluColumns = 0, bool accumulate = false)
        => context.Gemm.Multiply(x, _weight, y, Epilogue(geluColumns), accumulate);
}
