using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>A linear layer with its weight packed for y = x W' + b.</summary>
internal sealed class PackedLinear
{
    private readonly PinnedBuffer _bias;

    private PackedLinear(PackedMatrix weight, PinnedBuffer bias)
    {
        Weight = weight;
        _bias = bias;
    }

    public PackedMatrix Weight { get; }

    public Matrix Bias => _bias.AsMatrix(1, _bias.Length);

    public static PackedLinear Of(Projection layer, NamedTensors weights, ThreadTeam team)
        => Of(weights[layer.Weight], layer.HasBias ? weights[layer.Bias].Data : new float[layer.Outputs], team);

    /// <summary>Packs a weight [outputs, inputs], or shares it if it is packed already.</summary>
    public static unsafe PackedLinear Of(WeightTensor weight, ReadOnlySpan<float> bias, ThreadTeam team)
    {
        if (weight.Packed is PackedMatrix packed)
        {
            return new PackedLinear(packed, Vector(bias));
        }

        int inputs = weight.Length / bias.Length;
        fixed (float* data = weight.Data)
        {
            return new PackedLinear(
                PackedMatrix.OfLinearWeight(team, new Matrix(data, bias.Length, inputs, inputs)), Vector(bias));
        }
    }

    /// <summary>Two layers of the same input as one: the outputs of the first, then those of the second.</summary>
    public static PackedLinear SideBySide(PackedLinear first, PackedLinear second)
        => new(
            PackedMatrix.SideBySide(first.Weight, second.Weight),
            Vector([.. first._bias.Span, .. second._bias.Span]));

    /// <summary>The layer that computes some of the outputs.</summary>
    public PackedLinear TakeOutputs(int start, int count)
        => new(Weight.TakeColumns(start, count), Vector(_bias.Span.Slice(start, count)));

    public static PinnedBuffer Vector(ReadOnlySpan<float> values)
    {
        var buffer = new PinnedBuffer(values.Length);
        values.CopyTo(buffer.Span);
        return buffer;
    }
}
