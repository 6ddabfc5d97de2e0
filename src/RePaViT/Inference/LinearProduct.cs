using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>y = act(x W' + b), with the weight laid out for the kernels that compute it.</summary>
internal abstract class LinearProduct(PinnedBuffer bias)
{
    protected PinnedBuffer Bias => bias;

    /// <summary>Values at an address that does not move.</summary>
    public static PinnedBuffer Vector(ReadOnlySpan<float> values)
    {
        var buffer = new PinnedBuffer(values.Length);
        values.CopyTo(buffer.Span);
        return buffer;
    }

    /// <param name="context">Kernels and scratch.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="y">[rows, outputs].</param>
    /// <param name="geluColumns">Number of outputs, from the first on, that pass through the activation; 0 without a bias.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    public abstract void Run(InferenceContext context, Matrix x, Matrix y, int geluColumns = 0, bool accumulate = false);

    protected GemmEpilogue Epilogue(int geluColumns)
    {
        if (bias.Length > 0)
        {
            return GemmEpilogue.AddBiasThenGelu(bias.AsMatrix(1, bias.Length), geluColumns);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(geluColumns, 0);
        return default;
    }
}

/// <summary>In 32-bit floats.</summary>
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
        => new(weight.Packed ?? PackedMatrix.OfLinearWeight(team, weight.Data, outputs), Vector(bias));

    /// <summary>Two layers with a bias and of the same input as one: the outputs of the first, then those of the second.</summary>
    public static PackedLinear SideBySide(PackedLinear first, PackedLinear second)
        => new(PackedMatrix.SideBySide(first._weight, second._weight), Vector([.. first.Bias.Span, .. second.Bias.Span]));

    /// <summary>The layer that computes some of the outputs, each with a bias.</summary>
    public PackedLinear TakeOutputs(int start, int count)
        => new(_weight.TakeColumns(start, count), Vector(Bias.Span.Slice(start, count)));

    /// <summary>The same layer with factors rounded to 8 bits.</summary>
    /// <param name="team">Threads to share the work.</param>
    /// <param name="withoutShortcut">Whether to leave out the identity: of y = x + x (W - 1)' + b the first x is not rounded.</param>
    public QuantizedLinear Quantize(ThreadTeam team, bool withoutShortcut = false)
        => new(new QuantizedMatrix(team, _weight, withoutShortcut), Bias);

    /// <inheritdoc/>
    public override void Run(InferenceContext context, Matrix x, Matrix y, int geluColumns = 0, bool accumulate = false)
        => context.Gemm.Multiply(x, _weight, y, Epilogue(geluColumns), accumulate);
}

/// <summary>With the factors of each product rounded to 8 bits.</summary>
internal sealed class QuantizedLinear(QuantizedMatrix weight, PinnedBuffer bias) : LinearProduct(bias)
{
    /// <inheritdoc/>
    public override void Run(InferenceContext context, Matrix x, Matrix y, int geluColumns = 0, bool accumulate = false)
    {
        context.Rounded.Quantize(context.Team, x);
        RunAgain(context, y, geluColumns, accumulate);
    }

    /// <summary>The same of what was rounded last, where another layer has had the same input.</summary>
    public void RunAgain(InferenceContext context, Matrix y, int geluColumns = 0, bool accumulate = false)
        => context.QuantizedGemm.Multiply(context.Rounded, weight, y, Epilogue(geluColumns), accumulate);
}
